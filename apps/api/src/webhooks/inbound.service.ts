import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { User } from '#libs/db/entities/user.entity';
import { Wakeups } from '#libs/db/queries/wakeups';
import { isAcknowledgement, isProviderKeyword } from '#libs/domain/replies';
import type { Clock } from '#libs/domain/clock';
import type { Config } from '#libs/config/config';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { applyContactText, findOpenAlert } from './contact-replies.ts';
import { applyPersonText, NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';

/** A text as the provider hands it to us. */
export interface InboundText {
  /** The provider's id of the text; the same one again is the same text. */
  sid: string;
  from: string;
  body: string;
}

/**
 * Takes in texts, each once: stored first, then applied in one transaction, then the workflows are woken. A text that
 * is delivered again gets the reply it got before and changes nothing.
 */
@Injectable()
export class InboundService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Answers the text to send back, or null for none. Needs the database only, never Temporal. */
  async receive({ sid, from, body }: InboundText): Promise<string | null> {
    const now = this.clock.now();
    const [stored] = await this.orm.em.fork().execute<{ id: number }[]>(
      `insert into inbound_messages (provider_sid, from_number, body, created_at) values (?, ?, ?, ?)
       on conflict (provider_sid) do update set provider_sid = excluded.provider_sid returning id`,
      [sid, from, body, now],
    );
    return this.apply(stored!.id);
  }

  /**
   * Applies texts that were stored and then cut off by a crash, the oldest first; answers how many.
   * @throws AggregateError after the last, when some could not be applied
   */
  async applyLeftovers(olderThanMs: number): Promise<number> {
    const rows = await this.orm.em
      .fork()
      .execute<{ id: number }[]>(
        `select id from inbound_messages where handled_at is null and created_at < ? order by id limit 100`,
        [new Date(this.clock.now().getTime() - olderThanMs)],
      );
    const failures: unknown[] = [];
    for (const { id } of rows) await this.apply(id).catch((error: unknown) => failures.push(error));
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} texts could not be applied`);
    return rows.length;
  }

  private async apply(id: number): Promise<string | null> {
    const { reply, owed } = await this.orm.em.fork().transactional(async (em) => {
      // Claims the text: a second delivery of it waits here for the first, and then finds it done.
      const [text] = await em.execute<{ from_number: string; body: string }[]>(
        `update inbound_messages set handled_at = ? where id = ? and handled_at is null returning from_number, body`,
        [this.clock.now(), id],
      );
      if (!text) return { reply: await replyOf(em, id), owed: [] };
      const answer = await this.answer(em, text.from_number, text.body);
      await em.flush();
      if (answer.reply !== null) {
        await em.execute(`update inbound_messages set reply = ? where id = ?`, [answer.reply, id]);
      }
      return answer;
    });
    for (const { kind, entityId } of owed) this.wakeups.deliver(kind, entityId);
    return reply;
  }

  /** A phone can be a watched person's and a contact's at once: an acknowledgement is the contact's, all else the person's. */
  private async answer(em: EntityManager, from: string, body: string): Promise<Answer> {
    if (isProviderKeyword(body)) return NO_ANSWER;
    const { timeZone, minuteMs } = this.config;
    const context: ReplyContext = { wakeups: this.wakeups, now: this.clock.now(), timeZone, minuteMs };

    const user = await em.findOne(User, { phoneNumber: from, enabled: true });
    const alert = !user || isAcknowledgement(body) ? await findOpenAlert(em, from, context.now) : null;
    if (alert) return applyContactText(em, alert, body, context);
    return user ? applyPersonText(em, user, body, context) : NO_ANSWER;
  }
}

async function replyOf(em: EntityManager, id: number): Promise<string | null> {
  const [row] = await em.execute<{ reply: string | null }[]>(
    `select reply from inbound_messages where id = ?`,
    [id],
  );
  return row?.reply ?? null;
}

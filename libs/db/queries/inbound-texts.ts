import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Clock } from '#libs/domain/clock';
import { isAcknowledgement, readOptOut } from '#libs/domain/replies';
import { Message } from '../entities/message.entity.ts';
import { User } from '../entities/user.entity.ts';
import { applyConsentText, findAddressee, optInByYes, type Addressed } from './consent-replies.ts';
import { applyContactText, findOpenAlert, type OpenAlert } from './contact-replies.ts';
import { applyProviderWord } from './opt-out.ts';
import { applyContactDrillText, applyPersonDrillText, findOpenDrillQuestion } from './drill-replies.ts';
import { applyPersonText, NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';
import type { Wakeups } from './wakeups.ts';

/** A text as the provider hands it to us. */
export interface InboundText {
  /** The provider's id of the text; the same one again is the same text. */
  sid: string;
  from: string;
  body: string;
  /** What the provider made of a text that is one of its keywords: STOP, START or HELP. */
  optOutType?: string | null;
}

/** A text that the provider could not deliver when it was sent. */
export interface MissedText extends InboundText {
  sentAt: Date;
}

/** What texts are taken in with. */
export interface InboundTextDeps {
  orm: MikroORM;
  wakeups: Wakeups;
  clock: Clock;
  timeZone: string;
  /** How long a minute of waiting lasts; 60,000 except in development and tests. */
  minuteMs: number;
}

// Times of raw rows arrive as text.
interface StoredText {
  id: number;
  from_number: string;
  body: string;
  opt_out_type: string | null;
  sent_at: string | null;
  handled_at: string | null;
  reply: string | null;
}

/** A text, and everybody whom it may be for. */
interface Recipients {
  addressed: Addressed;
  from: string;
  body: string;
  user: User | null;
  alert: OpenAlert | null;
}

/**
 * Takes in texts, each once: stored first, then applied in one transaction, then the workflows are woken. A text that
 * is delivered again gets the reply it got before and changes nothing.
 */
export class InboundTexts {
  constructor(private readonly deps: InboundTextDeps) {}

  /**
   * Answers the text to send back, or null for none. Needs the database only, never Temporal. A text that could not be
   * applied is kept all the same, for `applyLeftovers`.
   */
  async receive(text: InboundText): Promise<string | null> {
    return (await this.takeIn(text, null)).reply;
  }

  /**
   * Takes in a text that the provider could not deliver when it was sent, if it is anybody's that we know. Nobody waits
   * for a reply on the line any more: answers the id of the message that has to be handed over instead, if any.
   */
  async receiveMissed(text: MissedText): Promise<number | null> {
    if (!(await this.isKnown(text.from))) return null;
    const { id } = await this.takeIn(text, text.sentAt);
    const reply = await this.em().findOne(Message, { attemptKey: replyKey(id) });
    return reply?.id ?? null;
  }

  /**
   * Keeps a STOP that the provider could not deliver, and that its sender has taken back since, without acting upon it:
   * the phone can be reached, and a START finds nothing to allow again.
   */
  async keepOvertaken({ sid, from, body, sentAt }: MissedText): Promise<void> {
    if (!(await this.isKnown(from))) return;
    const now = this.deps.clock.now();
    await this.em().execute(
      `insert into inbound_messages (provider_sid, from_number, body, sent_at, created_at, handled_at)
       values (?, ?, ?, ?, ?, ?)
       on conflict (provider_sid) do update set handled_at = coalesce(inbound_messages.handled_at, excluded.handled_at)`,
      [sid, from, body, sentAt, now, now],
    );
  }

  /**
   * Applies texts that were stored and then cut off by a crash, the oldest first; answers how many.
   * @throws AggregateError after the last, when some could not be applied
   */
  async applyLeftovers(olderThanMs: number): Promise<number> {
    const rows = await this.em().execute<{ id: number }[]>(
      `select id from inbound_messages where handled_at is null and created_at < ? order by id limit 100`,
      [new Date(this.deps.clock.now().getTime() - olderThanMs)],
    );
    const failures: unknown[] = [];
    for (const { id } of rows) await this.applyStored(id).catch((error: unknown) => failures.push(error));
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} texts could not be applied`);
    return rows.length;
  }

  private async isKnown(phoneNumber: string): Promise<boolean> {
    const [row] = await this.em().execute<{ is_known: boolean }[]>(
      `select exists (select from users where phone_number = ?)
           or exists (select from contacts where phone_number = ?) as is_known`,
      [phoneNumber, phoneNumber],
    );
    return row!.is_known;
  }

  /** Stores and applies a text in one transaction; one that cannot be applied is stored alone. */
  private async takeIn(
    text: InboundText,
    sentAt: Date | null,
  ): Promise<{ id: number; reply: string | null }> {
    try {
      return await this.inTransaction(async (em) => {
        // A second delivery of the text waits here for the first, and then finds it done.
        const stored = await this.store(em, text, sentAt);
        if (stored.handled_at !== null) return { id: stored.id, reply: stored.reply, owed: [] };
        return { id: stored.id, ...(await this.apply(em, stored)) };
      });
    } catch (error) {
      await this.store(this.em(), text, sentAt);
      throw error;
    }
  }

  private async applyStored(id: number): Promise<void> {
    await this.inTransaction(async (em) => {
      const [text] = await em.execute<StoredText[]>(
        `select id, from_number, body, opt_out_type, sent_at, handled_at, reply from inbound_messages
         where id = ? and handled_at is null for update`,
        [id],
      );
      return text ? this.apply(em, text) : { owed: [] };
    });
  }

  private async store(
    em: EntityManager,
    { sid, from, body, optOutType = null }: InboundText,
    sentAt: Date | null,
  ): Promise<StoredText> {
    const [stored] = await em.execute<StoredText[]>(
      `insert into inbound_messages (provider_sid, from_number, body, opt_out_type, sent_at, created_at)
       values (?, ?, ?, ?, ?, ?)
       on conflict (provider_sid) do update set provider_sid = excluded.provider_sid
       returning id, from_number, body, opt_out_type, sent_at, handled_at, reply`,
      [sid, from, body, optOutType, sentAt, this.deps.clock.now()],
    );
    return stored!;
  }

  private async apply(em: EntityManager, text: StoredText): Promise<Answer> {
    const answer = await this.answer(em, text);
    if (text.sent_at) await oweReply(em, text.id, text.from_number, answer);
    await em.flush();
    const { reply, probeId = null, contactId = null, effect = null } = answer;
    await em.execute(
      `update inbound_messages set handled_at = ?, reply = ?, probe_id = ?, contact_id = ?, effect = ? where id = ?`,
      [this.deps.clock.now(), reply, probeId, contactId, effect, text.id],
    );
    return answer;
  }

  /** Commits what `work` does, then wakes the workflows that are owed a signal for it. */
  private async inTransaction<T extends Pick<Answer, 'owed'>>(
    work: (em: EntityManager) => Promise<T>,
  ): Promise<T> {
    const done = await this.em().transactional(work);
    for (const { kind, entityId } of done.owed) this.deps.wakeups.deliver(kind, entityId);
    return done;
  }

  /**
   * A phone can be a watched person's and several people's contact's at once: `addresseeOf` decides whom a text is for.
   * The provider's own words are for all of them.
   */
  private async answer(em: EntityManager, text: StoredText): Promise<Answer> {
    const { from_number: from, body } = text;
    const { wakeups, timeZone, minuteMs, clock } = this.deps;
    const now = clock.now();
    const sentAt = text.sent_at === null ? null : new Date(text.sent_at);
    const context: ReplyContext = { wakeups, textId: text.id, now, sentAt, timeZone, minuteMs };

    const user = await em.findOne(User, { phoneNumber: from, enabled: true });
    const word = readOptOut(body, text.opt_out_type);
    if (word) return applyProviderWord(em, { user, phoneNumber: from, word }, context);
    const alert = !user || isAcknowledgement(body) ? await findOpenAlert(em, from, now) : null;
    const received = { from, body, isPerson: user !== null, hasOpenAlert: alert !== null };
    const addressed = await findAddressee(em, received, context);
    const owed = await optInByYes(em, received, addressed, context);
    const answer = await this.answerAs(em, { addressed, from, body, user, alert }, context);
    return { ...answer, owed: [...answer.owed, ...owed] };
  }

  private answerAs(
    em: EntityManager,
    { addressed, from, body, user, alert }: Recipients,
    context: ReplyContext,
  ): Promise<Answer> {
    switch (addressed.addressee) {
      case 'refusal':
      case 'acceptance':
        return applyConsentText(em, from, addressed, context);
      case 'alert':
        return applyContactText(em, alert!, body, context);
      case 'person':
        return this.answerDrillOrPerson(em, { from, body, user }, context);
    }
  }

  /** What is real goes before a drill: a text may answer one when nothing else wants it. */
  private async answerDrillOrPerson(
    em: EntityManager,
    { from, body, user }: Pick<Recipients, 'from' | 'body' | 'user'>,
    context: ReplyContext,
  ): Promise<Answer> {
    const mayBeContact = !user || isAcknowledgement(body);
    const question = mayBeContact ? await findOpenDrillQuestion(em, from, context) : null;
    if (question) return applyContactDrillText(em, question, body, context);
    if (!user) return NO_ANSWER;
    return (await applyPersonDrillText(em, user, body, context)) ?? applyPersonText(em, user, body, context);
  }

  private em(): EntityManager {
    return this.deps.orm.em.fork();
  }
}

/**
 * Records the reply to a missed text as a message of its own, when it is about a probe or confirms what was changed; late
 * help texts help nobody.
 */
async function oweReply(em: EntityManager, id: number, toNumber: string, answer: Answer): Promise<void> {
  const { reply: body, probeId, effect } = answer;
  if (body === null || effect === 'hinted') return;
  const userId = answer.userId ?? (probeId === undefined ? undefined : await personOf(em, probeId));
  if (userId === undefined) return;
  em.create(Message, {
    userId,
    probeId: probeId ?? null,
    kind: 'reply',
    attemptKey: replyKey(id),
    toNumber,
    body,
  });
}

async function personOf(em: EntityManager, probeId: number): Promise<number | undefined> {
  const [probe] = await em.execute<{ user_id: number }[]>(`select user_id from probes where id = ?`, [
    probeId,
  ]);
  return probe?.user_id;
}

const replyKey = (inboundId: number) => `inbound/${inboundId}/reply`;

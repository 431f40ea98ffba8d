import type { MikroORM } from '@mikro-orm/postgresql';
import type { InboundTexts } from '#libs/db/queries/inbound-texts';
import type { Clock } from '#libs/domain/clock';
import { overtakenStops } from '#libs/domain/opt-out';
import type { Messenger } from '#libs/twilio/messenger';
import type { TextSender } from './text-sender.ts';

/** What reading back works with. */
export interface ReadBackDeps {
  orm: MikroORM;
  messenger: Messenger;
  inbound: InboundTexts;
  sender: TextSender;
  clock: Clock;
}

/** Texts of the last minutes are read again, because the provider may list one late. */
const OVERLAP_MS = 2 * 60_000;
/** After a longer absence only this much is read back; the provider need not be asked for what nobody waits for. */
const AT_MOST_MS = 3 * 24 * 60 * 60_000;

/**
 * Learns the texts that people sent while we could not receive them: Twilio hands each text to the webhook once and
 * does not come back when nobody answers. Safe to do at any time and twice, because texts are taken in once by their id.
 */
export class ReadBack {
  constructor(private readonly deps: ReadBackDeps) {}

  /** Takes in what one phone sent since then. @throws SendError when the provider does not tell */
  async fromPhone(phoneNumber: string, since: Date): Promise<void> {
    await this.takeIn({ from: phoneNumber, since });
  }

  /**
   * Takes in what anybody sent since this was done last; answers how many texts were listed.
   * @throws SendError when the provider does not tell
   */
  async fromAll(): Promise<number> {
    const { clock, orm } = this.deps;
    const now = clock.now();
    const [cursor] = await orm.em
      .fork()
      .execute<{ read_until: string }[]>(`select read_until from inbound_cursor`);
    const since = Math.max(
      cursor ? new Date(cursor.read_until).getTime() - OVERLAP_MS : now.getTime() - OVERLAP_MS,
      now.getTime() - AT_MOST_MS,
    );
    const count = await this.takeIn({ since: new Date(since) });
    await orm.em.fork().execute(
      `insert into inbound_cursor (id, read_until) values (1, ?)
       on conflict (id) do update set read_until = greatest(inbound_cursor.read_until, excluded.read_until)`,
      [now],
    );
    return count;
  }

  private async takeIn(filter: { since: Date; from?: string }): Promise<number> {
    const { messenger, inbound, sender } = this.deps;
    const received = await messenger.received(filter);
    // All that a phone sent since is in the list, also what came by the webhook: the last word is in it.
    const overtaken = overtakenStops(received);
    for (const text of received) {
      if (overtaken.has(text)) {
        await inbound.keepOvertaken(text);
        continue;
      }
      const replyId = await inbound.receiveMissed(text);
      if (replyId !== null) await sender.handOver(replyId);
    }
    return received.length;
  }
}

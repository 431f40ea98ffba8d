import type { MikroORM } from '@mikro-orm/postgresql';
import { IS_WANTED } from '#libs/db/queries/wanted-messages';
import type { Clock } from '#libs/domain/clock';
import { deliveryRank, isPermanent, type DeliveryStatus } from '#libs/domain/delivery';
import { SendError, type Messenger, type TakenText } from '#libs/twilio/messenger';
import { retryLater } from './failures.ts';
import type { WaitForTurn } from './sending-pace.ts';

/** A message that is marked as being sent: what to send, and as which. */
export interface Claimed {
  id: number;
  uuid: string;
  toNumber: string;
  body: string;
}

// Times of raw rows arrive as text.
interface MessageRow extends Claimed {
  status: DeliveryStatus;
  status_rank: number;
  error_code: number | null;
  sending_at: string;
  accepted_at: string | null;
  is_wanted: boolean;
}

/** The columns of a message that is recorded as being sent already; then `send` it after the commit. */
export const asSending = (now: Date) =>
  ({ status: 'sending', statusRank: deliveryRank('sending'), attempts: 1, sendingAt: now }) as const;

/** What became of a message: the provider has it (since `at`), it can never arrive, or nobody wants it any more. */
export type HandOver =
  | { outcome: 'accepted'; at: Date }
  | { outcome: 'failed'; errorCode: number | null }
  | { outcome: 'withdrawn' };

/**
 * Hands recorded messages to the provider, each at most once although the provider has no idempotency key: the row is
 * marked before the call, and whoever finds the mark of a call whose end is unknown looks before sending again.
 */
export class TextSender {
  constructor(
    private readonly orm: MikroORM,
    private readonly messenger: Messenger,
    private readonly clock: Clock,
    /** The public address under which the provider reports on a message. */
    private readonly statusCallback: (uuid: string) => string,
    private readonly waitForTurn: WaitForTurn,
  ) {}

  /**
   * Safe to call again with the same id, one call at a time.
   * @throws ApplicationFailure (retried) when the provider did not take it for now
   */
  async handOver(messageId: number): Promise<HandOver> {
    const message = await this.claim(messageId, 'queued');
    return message ? this.send(message) : this.resume(messageId);
  }

  /** Goes on with a message that an earlier attempt has touched, or that nobody wants any more. */
  private async resume(messageId: number): Promise<HandOver> {
    const [message] = await this.execute<MessageRow[]>(
      `select m.*, m.to_number as "toNumber", ${IS_WANTED} as is_wanted from messages m left join probes p on p.id = m.probe_id where m.id = ?`,
      [messageId],
    );
    if (!message) return { outcome: 'withdrawn' };
    if (message.status_rank >= deliveryRank('accepted')) return this.outcomeOf(message);
    if (message.status === 'sending') {
      const lost = await this.findLost(message).catch(rethrowForRetry);
      if (lost) return this.accept(message.id, lost.sid, lost.takenAt);
    }
    const claimed = message.is_wanted ? await this.claim(messageId, message.status) : null;
    return claimed ? this.send(claimed) : this.withdraw(messageId);
  }

  /** Marks a message that is in `status` and still wanted as being sent. */
  private async claim(messageId: number, status: DeliveryStatus): Promise<Claimed | null> {
    const now = this.clock.now();
    const [claimed] = await this.execute<Claimed[]>(
      `update messages m set status = 'sending', status_rank = 1, attempts = m.attempts + 1,
         sending_at = coalesce(m.sending_at, ?), updated_at = ?
       from messages self left join probes p on p.id = self.probe_id
       where self.id = m.id and m.id = ? and m.status = ? and ${IS_WANTED}
       returning m.id, m.uuid, m.to_number as "toNumber", m.body`,
      [now, now, messageId, status],
    );
    return claimed ?? null;
  }

  /**
   * Hands over a message that its caller has just recorded `asSending`.
   * @throws ApplicationFailure (retried, by `handOver`) when the provider did not take it for now
   */
  async send(message: Claimed): Promise<HandOver> {
    await this.waitForTurn();
    try {
      const { sid } = await this.messenger.send({
        to: message.toNumber,
        body: message.body,
        statusCallback: this.statusCallback(message.uuid),
      });
      return await this.accept(message.id, sid);
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      return await this.refused(message.id, error);
    }
  }

  // The status callback may have come before the answer to our call: then the row has left `sending` already.
  private async findLost(message: MessageRow): Promise<TakenText | null> {
    const since = new Date(message.sending_at);
    const found = await this.messenger.findSent({ to: message.toNumber, body: message.body, since });
    if (found.length === 0) return null;
    const sids = found.map(({ sid }) => sid);
    const others = await this.execute<{ provider_sid: string }[]>(
      `select provider_sid from messages where provider_sid in (?) and id <> ?`,
      [sids, message.id],
    );
    const taken = new Set(others.map((row) => row.provider_sid));
    const lost = found.find(({ sid }) => !taken.has(sid));
    // Its waits count, and answers to it are answers, from when the provider took it, which tells whole seconds only.
    return lost ? { sid: lost.sid, takenAt: lost.takenAt > since ? lost.takenAt : since } : null;
  }

  private async accept(id: number, sid: string, takenAt?: Date): Promise<HandOver> {
    const now = this.clock.now();
    const at = takenAt && takenAt < now ? takenAt : now;
    const [row] = await this.execute<{ accepted_at: string }[]>(
      `update messages set provider_sid = ?, accepted_at = coalesce(accepted_at, ?), updated_at = ?,
         status = case when status_rank < 2 then 'accepted' else status end, status_rank = greatest(status_rank, 2)
       where id = ? returning accepted_at`,
      [sid, at, now, id],
    );
    return row ? { outcome: 'accepted', at: new Date(row.accepted_at) } : { outcome: 'withdrawn' };
  }

  private async refused(id: number, error: SendError): Promise<HandOver> {
    const isFinal = isPermanent(error.errorClass);
    const status: DeliveryStatus = isFinal ? 'failed' : error.isAmbiguous ? 'sending' : 'queued';
    await this.execute(
      `update messages set status = ?, status_rank = ?, error_code = ?, last_error = ?, updated_at = ?
       where id = ? and status_rank < 2`,
      [status, deliveryRank(status), error.code, error.message, this.clock.now(), id],
    );
    if (!isFinal) throw retryLater(error);
    return { outcome: 'failed', errorCode: error.code };
  }

  private async withdraw(id: number): Promise<HandOver> {
    await this.execute(
      `update messages set status = 'canceled', status_rank = 4, updated_at = ? where id = ? and status_rank < 2`,
      [this.clock.now(), id],
    );
    return { outcome: 'withdrawn' };
  }

  private outcomeOf({ status, error_code, accepted_at }: MessageRow): HandOver {
    if (status === 'canceled') return { outcome: 'withdrawn' };
    if (accepted_at) return { outcome: 'accepted', at: new Date(accepted_at) };
    return { outcome: 'failed', errorCode: error_code };
  }

  private execute<T extends object[]>(sql: string, params: unknown[]): Promise<T> {
    return this.orm.em.fork().execute<T & object[]>(sql, params as never) as Promise<T>;
  }
}

function rethrowForRetry(error: unknown): never {
  throw error instanceof SendError ? retryLater(error) : error;
}

import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { MessageKind } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { lockPerson } from '#libs/db/queries/person';
import { settleProbe } from '#libs/db/queries/settle-probe';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import {
  classifyError,
  deliveryRank,
  fromProviderStatus,
  isDeliveryFailure,
  isPermanent,
} from '#libs/domain/delivery';
import { CLOCK, CONFIG } from '../app.tokens.ts';

/** A report of the provider on one of our messages. */
export interface DeliveryReport {
  /** Our public id of the message, from the callback's address. */
  uuid: string;
  sid: string;
  status: string;
  errorCode: number | null;
}

interface ReportedMessage {
  kind: MessageKind;
  user_id: number;
  probe_id: number;
}

/**
 * Records delivery reports. A status only moves forward, so reports may come late, twice and in any order; one may
 * even come before our own call has learned that the message was accepted.
 */
@Injectable()
export class DeliveryService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Applies one report; unknown words and unknown messages change nothing. */
  async report({ uuid, sid, status: word, errorCode }: DeliveryReport): Promise<void> {
    const status = fromProviderStatus(word);
    if (!status) return;
    const rank = deliveryRank(status);
    const now = this.clock.now();
    const [message] = await this.orm.em.fork().execute<ReportedMessage[]>(
      `update messages set status = ?, status_rank = ?, provider_sid = coalesce(provider_sid, ?),
         accepted_at = coalesce(accepted_at, ?), error_code = coalesce(?, error_code), updated_at = ?
       where uuid = ? and status_rank < ? and coalesce(provider_sid, ?) = ?
         and not exists (select from messages other where other.provider_sid = ? and other.uuid <> ?)
       returning kind, user_id, probe_id`,
      [status, rank, sid, now, errorCode, now, uuid, rank, sid, sid, sid, uuid],
    );
    if (message && isDeliveryFailure(status)) await this.failed(message, errorCode);
  }

  /** An alert that did not arrive passes to the next contact; a question that never can ends its probe. */
  private async failed({ kind, user_id: userId, probe_id: probeId }: ReportedMessage, code: number | null) {
    if (kind === 'alert') {
      const owed = { kind: 'escalation', entityId: probeId } as const;
      await this.wakeups.record(this.orm.em.fork(), { ...owed, signal: 'delivery' });
      this.wakeups.deliver(owed.kind, owed.entityId);
      return;
    }
    const errorClass = classifyError(code);
    if ((kind !== 'check_in' && kind !== 'follow_up') || !isPermanent(errorClass)) return;
    const { timeZone } = this.config;
    await this.orm.em.fork().transactional(async (em) => {
      const settings = await lockPerson(em, userId);
      const probe = settings && (await em.findOne(Probe, { id: probeId, status: 'pending' }));
      if (!probe) return;
      const reason = errorClass === 'opted_out' ? 'opted_out' : 'undeliverable';
      const now = this.clock.now();
      await settleProbe(em, this.wakeups, { probe, settings, status: 'unavailable', reason, timeZone, now });
      await this.wakeups.record(em, { kind: 'probe', entityId: userId, signal: 'delivery' });
    });
    this.wakeups.deliver('escalation', probeId);
    this.wakeups.deliver('probe', userId);
  }
}

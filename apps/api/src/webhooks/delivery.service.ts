import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { Message, type MessageKind } from '#libs/db/entities/message.entity';
import type { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { followFailedConsent } from '#libs/db/queries/consent';
import { lockPerson } from '#libs/db/queries/person';
import { settleProbe } from '#libs/db/queries/settle-probe';
import { Wakeups, type OwedSignal } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import {
  classifyError,
  deliveryRank,
  fromProviderStatus,
  isDeliveryFailure,
  isPermanent,
  type DeliveryStatus,
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
  id: number;
  kind: MessageKind;
  user_id: number;
  probe_id: number | null;
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
  async report(report: DeliveryReport): Promise<void> {
    const status = fromProviderStatus(report.status);
    if (!status) return;
    if (isDeliveryFailure(status)) await this.recordFailure(report, status);
    else await this.record(this.orm.em.fork(), report, status);
  }

  /** Moves the message forward; answers it when this report was news. */
  private async record(
    em: EntityManager,
    { uuid, sid, errorCode }: DeliveryReport,
    status: DeliveryStatus,
  ): Promise<ReportedMessage | undefined> {
    const rank = deliveryRank(status);
    const now = this.clock.now();
    const [message] = await em.execute<ReportedMessage[]>(
      `update messages set status = ?, status_rank = ?, provider_sid = coalesce(provider_sid, ?),
         accepted_at = coalesce(accepted_at, ?), error_code = coalesce(?, error_code), updated_at = ?
       where uuid = ? and status_rank < ? and coalesce(provider_sid, ?) = ?
         and not exists (select from messages other where other.provider_sid = ? and other.uuid <> ?)
       returning id, kind, user_id, probe_id`,
      [status, rank, sid, now, errorCode, now, uuid, rank, sid, sid, sid, uuid],
    );
    return message;
  }

  /** Records a failure and what follows from it in one transaction, so that a crash cannot part them. */
  private async recordFailure(report: DeliveryReport, status: DeliveryStatus): Promise<void> {
    const owed = await this.orm.em.fork().transactional(async (em) => {
      const known = await em.findOne(Message, { uuid: report.uuid });
      const settings = known && (await lockPerson(em, known.userId));
      const message = settings && (await this.record(em, report, status));
      return message ? this.follow(em, message, settings, report.errorCode) : [];
    });
    for (const { kind, entityId } of owed) this.wakeups.deliver(kind, entityId);
  }

  /**
   * An alert that did not arrive passes to the next contact; a question that never can ends its probe; a consent text
   * that never can tells of a refusal or a wrong number.
   */
  private async follow(
    em: EntityManager,
    { id, kind, user_id: userId, probe_id: probeId }: ReportedMessage,
    settings: ProbeSettings,
    errorCode: number | null,
  ): Promise<OwedSignal[]> {
    const now = this.clock.now();
    if (kind === 'consent') return followFailedConsent(em, this.wakeups, { messageId: id, now });
    if (probeId === null) return [];
    if (kind === 'alert') {
      const owed: OwedSignal = { kind: 'escalation', entityId: probeId, signal: 'delivery' };
      await this.wakeups.record(em, owed);
      return [owed];
    }
    const errorClass = classifyError(errorCode);
    if ((kind !== 'check_in' && kind !== 'follow_up') || !isPermanent(errorClass)) return [];
    const probe = await em.findOne(Probe, { id: probeId, status: 'pending' });
    if (!probe) return [];
    const reason = errorClass === 'opted_out' ? 'opted_out' : 'undeliverable';
    const { timeZone } = this.config;
    await settleProbe(em, this.wakeups, { probe, settings, status: 'unavailable', reason, timeZone, now });
    const owed: OwedSignal = { kind: 'probe', entityId: userId, signal: 'delivery' };
    await this.wakeups.record(em, owed);
    return [{ kind: 'escalation', entityId: probeId, signal: 'raised' }, owed];
  }
}

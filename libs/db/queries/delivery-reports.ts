import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Clock } from '#libs/domain/clock';
import { plusMs } from '#libs/domain/clock';
import {
  classifyError,
  deliveryRank,
  fromProviderStatus,
  isDeliveryFailure,
  type DeliveryStatus,
} from '#libs/domain/delivery';
import { endOfFailedQuestion } from '#libs/domain/probe';
import { Drill } from '../entities/drill.entity.ts';
import { Message, type MessageKind } from '../entities/message.entity.ts';
import type { ProbeSettings } from '../entities/probe-settings.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { followFailedConsent } from './consent.ts';
import { lockPerson } from './person.ts';
import { settleProbe } from './settle-probe.ts';
import type { OwedSignal, Wakeups } from './wakeups.ts';

/** A report of the provider on one of our messages. */
export interface DeliveryReport {
  /** Our public id of the message, from the callback's address. */
  uuid: string;
  sid: string;
  status: string;
  errorCode: number | null;
}

/** What reports are taken in with. */
export interface DeliveryReportDeps {
  orm: MikroORM;
  wakeups: Wakeups;
  clock: Clock;
  timeZone: string;
}

interface ReportedMessage {
  id: number;
  kind: MessageKind;
  user_id: number;
  probe_id: number | null;
  drill_id: number | null;
}

/** Reports on messages that we do not know: so many are kept, for so long, and so many applied at a time. */
export const EARLY_REPORTS = { most: 10_000, forMs: 24 * 60 * 60_000, atOnce: 500 } as const;

/**
 * Records delivery reports. A status only moves forward, so reports may come late, twice and in any order; one may
 * even come before our own call has learned that the message was accepted.
 *
 * A message is committed before the provider hears of it, so a report on one that we do not know can only come while
 * rows are missing, as after a restore. It is kept for a day and applied when the row is there.
 */
export class DeliveryReports {
  constructor(private readonly deps: DeliveryReportDeps) {}

  /** Applies one report; unknown words change nothing, and nothing happens twice. */
  async report(report: DeliveryReport): Promise<void> {
    const status = fromProviderStatus(report.status);
    if (!status) return;
    if (isDeliveryFailure(status)) await this.recordFailure(report, status);
    else await this.record(this.deps.orm.em.fork(), report, status);
  }

  /**
   * Applies the reports that came before their message, and forgets those that are too old; answers how many it applied.
   * @throws AggregateError after the last, when some could not be applied
   */
  async applyEarly(): Promise<number> {
    const em = this.deps.orm.em.fork();
    await em.execute(`delete from early_reports where received_at < ?`, [
      plusMs(this.deps.clock.now(), -EARLY_REPORTS.forMs),
    ]);
    const early = await em.execute<(DeliveryReport & { id: string })[]>(
      `select r.id, r.uuid, r.sid, r.status, r.error_code as "errorCode"
       from early_reports r join messages m on m.uuid = r.uuid order by r.id limit ?`,
      [EARLY_REPORTS.atOnce],
    );
    const failures: unknown[] = [];
    for (const { id, ...report } of early) {
      const forget = () => em.execute(`delete from early_reports where id = ?`, [id]);
      await this.report(report)
        .then(forget)
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} reports could not be applied`);
    return early.length;
  }

  /**
   * Moves the message forward, or keeps the report of one that we do not know, in one statement; answers the message
   * when the report was news. The log of statuses is written by the database (`messages_status_changed`).
   */
  private async record(
    em: EntityManager,
    { uuid, sid, status: word, errorCode }: DeliveryReport,
    status: DeliveryStatus,
  ): Promise<ReportedMessage | undefined> {
    const rank = deliveryRank(status);
    const now = this.deps.clock.now();
    const early = [uuid, sid, word, errorCode, now, uuid];
    const moved = [status, rank, sid, now, errorCode, now, uuid, rank, sid, sid, sid, uuid];
    const [row] = await em.execute<(Partial<ReportedMessage> & { kept: string | null })[]>(
      `with moved as (
         update messages set status = ?, status_rank = ?, provider_sid = coalesce(provider_sid, ?),
           accepted_at = coalesce(accepted_at, ?), error_code = coalesce(?, error_code), updated_at = ?
         where uuid = ? and status_rank < ? and coalesce(provider_sid, ?) = ?
           and not exists (select from messages other where other.provider_sid = ? and other.uuid <> ?)
         returning id, kind, user_id, probe_id, drill_id
       ), kept as (
         insert into early_reports (uuid, sid, status, error_code, received_at)
         select ?::uuid, ?, ?, ?::int, ?::timestamptz where not exists (select from messages where uuid = ?)
         on conflict (uuid, sid, status) do nothing returning id
       )
       select moved.*, kept.id as kept from (select) as one left join moved on true left join kept on true`,
      [...moved, ...early],
    );
    if (row!.kept) await forgetOldest(em);
    return row!.kind ? (row as ReportedMessage) : undefined;
  }

  /** Records a failure and what follows from it in one transaction, so that a crash cannot part them. */
  private async recordFailure(report: DeliveryReport, status: DeliveryStatus): Promise<void> {
    const owed = await this.deps.orm.em.fork().transactional(async (em) => {
      const known = await em.findOne(Message, { uuid: report.uuid });
      const settings = known && (await lockPerson(em, known.userId));
      const message = await this.record(em, report, status);
      return message && settings ? this.follow(em, message, settings, report.errorCode) : [];
    });
    for (const { kind, entityId } of owed) this.deps.wakeups.deliver(kind, entityId);
  }

  /**
   * An alert that did not arrive passes to the next contact, as a question of a drill does; a question that never can
   * ends its probe; a consent text that never can tells of a refusal or a wrong number.
   */
  private async follow(
    em: EntityManager,
    { id, kind, user_id: userId, probe_id: probeId, drill_id: drillId }: ReportedMessage,
    settings: ProbeSettings,
    errorCode: number | null,
  ): Promise<OwedSignal[]> {
    const { wakeups, timeZone, clock } = this.deps;
    if (kind === 'consent') return followFailedConsent(em, wakeups, { messageId: id, now: clock.now() });
    if (drillId !== null) return this.followInDrill(em, drillId);
    if (probeId === null) return [];
    if (kind === 'alert') {
      const owed: OwedSignal = { kind: 'escalation', entityId: probeId, signal: 'delivery' };
      await wakeups.record(em, owed);
      return [owed];
    }
    if (kind !== 'check_in' && kind !== 'follow_up') return [];
    const reason = endOfFailedQuestion(classifyError(errorCode));
    const probe = reason && (await em.findOne(Probe, { id: probeId, status: 'pending' }));
    if (!probe) return [];
    await settleProbe(em, wakeups, {
      probe,
      settings,
      status: 'unavailable',
      reason,
      timeZone,
      now: clock.now(),
    });
    const owed: OwedSignal = { kind: 'probe', entityId: userId, signal: 'delivery' };
    await wakeups.record(em, owed);
    return [{ kind: 'escalation', entityId: probeId, signal: 'raised' }, owed];
  }

  /** A drill that is over has nobody who waits for the report. */
  private async followInDrill(em: EntityManager, drillId: number): Promise<OwedSignal[]> {
    if ((await em.count(Drill, { id: drillId, status: 'running' })) === 0) return [];
    const owed: OwedSignal = { kind: 'drill', entityId: drillId, signal: 'delivery' };
    await this.deps.wakeups.record(em, owed);
    return [owed];
  }
}

const forgetOldest = (em: EntityManager) =>
  em.execute(
    `delete from early_reports where id <= (select id from early_reports order by id desc offset ? limit 1)`,
    [EARLY_REPORTS.most],
  );

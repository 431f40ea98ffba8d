import type { EntityManager } from '@mikro-orm/postgresql';
import { isAlarm, type ProbeReason, type ProbeStatus } from '#libs/domain/probe';
import type { ProbeSettings } from '../entities/probe-settings.entity.ts';
import type { Probe } from '../entities/probe.entity.ts';
import { cancelDrill } from './drill.ts';
import type { Wakeups } from './wakeups.ts';

/** The end of a probe, decided under the person's lock. */
export interface Settlement {
  probe: Probe;
  settings: ProbeSettings;
  status: Exclude<ProbeStatus, 'pending'>;
  reason: ProbeReason;
  timeZone: string;
  now: Date;
}

/**
 * Ends a pending probe: an alarm switches the schedule off, cancels a drill and owes the escalation its start; any other
 * end plans the next tick. Questions that were not handed over yet are withdrawn. Runs inside the caller's transaction, which must
 * hold the person's lock; after the commit the caller delivers the owed signals.
 */
export async function settleProbe(
  em: EntityManager,
  wakeups: Wakeups,
  settlement: Settlement,
): Promise<void> {
  const { probe, settings, status, reason, timeZone, now } = settlement;
  probe.settle(status, reason, now);
  settings.learnFrom(reason, now);
  if (isAlarm(status)) {
    if (settings.active) probe.switchedOffAt = now;
    settings.stop();
    await wakeups.record(em, { kind: 'escalation', entityId: probe.id, signal: 'raised' });
    // The check has cancelled the drill already, unless the alarm came without one (STOP).
    await cancelDrill(em, settings.userId, 'superseded', now);
  } else {
    settings.skipTicksUntil(timeZone, now);
  }
  await em.execute(
    `update messages set status = 'canceled', status_rank = 4, updated_at = ?
     where probe_id = ? and status = 'queued' and kind in ('check_in', 'follow_up')`,
    [now, probe.id],
  );
}

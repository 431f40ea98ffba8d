import { LockMode, type EntityManager } from '@mikro-orm/postgresql';
import type { OpenProbe, ProbeKind, Watch } from '#libs/domain/probe';
import { ProbeSettings } from '../entities/probe-settings.entity.ts';
import type { Probe } from '../entities/probe.entity.ts';

/**
 * Takes the one lock of a person, their settings row: whoever opens, answers, gives up or cancels a check holds it, so
 * every decision about a person is made once. Null when the person was deleted.
 */
export const lockPerson = (em: EntityManager, userId: number): Promise<ProbeSettings | null> =>
  em.findOne(ProbeSettings, { userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });

// Times of raw rows arrive as text.
interface WatchRow {
  next_tick_at: string | null;
  probe_id: number | null;
  kind: ProbeKind;
  retry_count: number;
  max_retries: number;
  late_retries: number;
  wait_time_in_minutes: number;
  last_asked_at: string | null;
  check_id: number | null;
  check_due_at: string;
}

/** Reads all that decides what a person's workflow does next; nothing to watch when the person was deleted. */
export async function loadWatch(em: EntityManager, userId: number, minuteMs: number): Promise<Watch> {
  const [row] = await em.execute<WatchRow[]>(
    `select s.next_tick_at, p.id as probe_id, p.kind, p.retry_count, p.max_retries, p.late_retries,
            p.wait_time_in_minutes, p.last_asked_at, c.id as check_id, c.due_at as check_due_at
     from probe_settings s
     left join probes p on p.user_id = s.user_id and p.status = 'pending'
     left join lateral (
       select id, due_at from one_off_checks
       where user_id = s.user_id and probe_id is null and cancelled_at is null
       order by due_at, id limit 1
     ) c on true
     where s.user_id = ?`,
    [userId],
  );
  if (!row) return { openProbe: null, nextTickAt: null, nextOneOff: null };
  return {
    nextTickAt: toDate(row.next_tick_at),
    nextOneOff: row.check_id === null ? null : { id: row.check_id, dueAt: new Date(row.check_due_at) },
    openProbe:
      row.probe_id === null
        ? null
        : {
            id: row.probe_id,
            retryCount: row.retry_count,
            maxRetries: row.max_retries,
            lateRetries: row.late_retries,
            waitMs: row.wait_time_in_minutes * minuteMs,
            lastAskedAt: toDate(row.last_asked_at),
          },
  };
}

/** A pending probe as the domain decides about it. */
export const toOpenProbe = (probe: Probe, minuteMs: number): OpenProbe => ({
  id: probe.id,
  retryCount: probe.retryCount,
  maxRetries: probe.maxRetries,
  lateRetries: probe.lateRetries,
  waitMs: probe.waitTimeInMinutes * minuteMs,
  lastAskedAt: probe.lastAskedAt ?? null,
});

const toDate = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** The people whose workflow should be running: an active schedule, a check that waits, or a probe that is pending. */
export async function watchedUserIds(em: EntityManager): Promise<number[]> {
  const rows = await em.execute<{ user_id: number }[]>(
    `select user_id from probe_settings where active
     union select user_id from one_off_checks where probe_id is null and cancelled_at is null
     union select user_id from probes where status = 'pending'`,
  );
  return rows.map((row) => row.user_id);
}

/** The probes whose alarm was raised and has not come to rest. */
export async function escalatingProbeIds(em: EntityManager): Promise<number[]> {
  const rows = await em.execute<{ id: number }[]>(
    `select id from probes where status in ('bad', 'unavailable') and escalation_ended_at is null`,
  );
  return rows.map((row) => row.id);
}

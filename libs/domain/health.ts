import { nextTick } from './cadence.ts';

/** `ok`: it answers. `down`: it does not, or not as it must. `unknown`: nobody has looked yet. `off`: not in use. */
export const PART_STATES = ['ok', 'down', 'unknown', 'off'] as const;
export type PartState = (typeof PART_STATES)[number];

/** All that Kronus works with. */
export const HEALTH_PARTS = ['postgres', 'temporal', 'provider', 'backups', 'redis'] as const;
export type HealthPart = (typeof HEALTH_PARTS)[number];

/** What is known of one part. */
export interface PartHealth {
  state: PartState;
  /** Since when it is in that state, as far as this process knows. */
  since: Date | null;
  /** When it last was as it must be. */
  lastOkAt: Date | null;
  /** A sentence for operators; holds no address and no secret. */
  reason: string | null;
}

/** A part that is not in use. */
export const PART_OFF: PartHealth = { state: 'off', since: null, lastOkAt: null, reason: null };
/** A part that nobody has looked at yet. */
export const PART_UNKNOWN: PartHealth = { state: 'unknown', since: null, lastOkAt: null, reason: null };

/** Why a part is not as it must be, in words that may be shown to anybody. */
export class PartFault extends Error {}

/** What is known of a part after another look: `fault` says what was wrong, null that nothing was. */
export function afterLook(before: PartHealth, fault: string | null, now: Date): PartHealth {
  const state = fault === null ? 'ok' : 'down';
  return {
    state,
    since: before.state === state ? before.since : now,
    lastOkAt: fault === null ? now : before.lastOkAt,
    reason: fault,
  };
}

/**
 * The whole by its parts. `down` only without the record: whoever restarts or takes away what is `down` would lose
 * replies that Kronus can still store while another part is away.
 */
export function overallOf(parts: Record<HealthPart, PartHealth>): 'ok' | 'degraded' | 'down' {
  if (parts.postgres.state !== 'ok') return 'down';
  return HEALTH_PARTS.some((part) => parts[part].state === 'down') ? 'degraded' : 'ok';
}

/** What is on record of backups. */
export interface BackupRecord {
  isEnabled: boolean;
  lastSucceededAt: Date | null;
  lastFailedAt: Date | null;
  /** When a backup was last restored into a scratch database and compared. */
  lastProvenAt: Date | null;
}

/** When backups are made and proven, and since when this process expects them. */
export interface BackupPlan {
  schedule: string;
  drillSchedule: string;
  timeZone: string;
  since: Date;
}

/** Backups as a part, and when one was last proven. */
export interface BackupHealth extends PartHealth {
  lastProvenAt: Date | null;
}

/** So many runs may fail or be under way before it counts. */
const MISSED_RUNS = 3;

/** Backups are down when the third run after the last good one has passed without another; so are proven restores. */
export function backupHealth(record: BackupRecord, plan: BackupPlan, now: Date): BackupHealth {
  const { lastSucceededAt, lastFailedAt, lastProvenAt } = record;
  if (!record.isEnabled) return { ...PART_OFF, lastProvenAt };
  const madeUntil = afterRuns(plan.schedule, plan.timeZone, lastSucceededAt ?? plan.since);
  const provenUntil = afterRuns(plan.drillSchedule, plan.timeZone, lastProvenAt ?? plan.since);
  const known = { lastOkAt: lastSucceededAt, lastProvenAt };
  if (now > madeUntil) {
    const reason = lastSucceededAt ? 'no backup succeeded of late' : 'no backup has succeeded yet';
    return { state: 'down', since: madeUntil, reason, ...known };
  }
  if (now > provenUntil) {
    const reason = lastProvenAt ? 'no backup was proven of late' : 'no backup was proven yet';
    return { state: 'down', since: provenUntil, reason, ...known };
  }
  const hasFailed = lastFailedAt !== null && (lastSucceededAt === null || lastFailedAt > lastSucceededAt);
  const reason = hasFailed ? 'the latest backup failed' : null;
  return { state: lastSucceededAt ? 'ok' : 'unknown', since: lastSucceededAt, reason, ...known };
}

function afterRuns(schedule: string, timeZone: string, since: Date): Date {
  let run = since;
  for (let count = 0; count < MISSED_RUNS; count++) run = nextTick(schedule, timeZone, run);
  return run;
}

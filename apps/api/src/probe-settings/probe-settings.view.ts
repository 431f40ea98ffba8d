import type { ProbeSettingsView } from '#libs/contract/probe-settings.contract';
import { checkPlanOf } from '#libs/db/entities/probe-settings.entity';
import { checksFrom, nextCheck } from '#libs/domain/check-plan';
import { reachabilityOf } from '#libs/domain/delivery';
import { toDate, toTime, toTimeOrNull, type Moment } from '../http/time.ts';

/** How many of the checks to come are shown. */
const SHOWN_CHECKS = 3;

/** From where settings are looked at: the server's time zone, for whoever has none of their own, and the present. */
export interface Viewpoint {
  timeZone: string;
  now: Date;
}

/** What is shown of settings: an entity, or a part of a row. */
export interface ProbeSettingsRow {
  id: number;
  userId: number;
  active: boolean;
  cronExpression: string;
  maxRetries: number;
  waitTimeInMinutes: number;
  escalationWaitInMinutes: number;
  nextTickAt?: Moment | null;
  pausedUntil?: Moment | null;
  quietHoursFrom?: string | null;
  quietHoursTo?: string | null;
  timeZone?: string | null;
  optedOutAt?: Moment | null;
  numberBrokenAt?: Moment | null;
  lastDrillAt?: Moment | null;
  lastProvenAt?: Moment | null;
  createdAt: Moment;
  updatedAt: Moment;
}

/** Settings as the API shows them. */
export const toProbeSettingsView = (settings: ProbeSettingsRow, from: Viewpoint): ProbeSettingsView => ({
  id: settings.id,
  created_at: toTime(settings.createdAt),
  updated_at: toTime(settings.updatedAt),
  user_id: settings.userId,
  active: settings.active,
  cron_expression: settings.cronExpression,
  max_retries: settings.maxRetries,
  wait_time_in_minutes: settings.waitTimeInMinutes,
  escalation_wait_in_minutes: settings.escalationWaitInMinutes,
  quiet_hours_from: settings.quietHoursFrom ?? null,
  quiet_hours_to: settings.quietHoursTo ?? null,
  time_zone: settings.timeZone ?? null,
  paused_until: toTimeOrNull(pauseOf(settings, from)),
  next_tick_at: toTimeOrNull(settings.nextTickAt),
  next_checks: checksOf(settings, from).map(toTime),
  reachability: reachabilityOf(settings),
  last_drill_at: toTimeOrNull(settings.lastDrillAt),
  last_proven_at: toTimeOrNull(settings.lastProvenAt),
});

/** The end of a pause that goes on. */
function pauseOf({ active, pausedUntil }: ProbeSettingsRow, { now }: Viewpoint): Date | null {
  const until = toDate(pausedUntil);
  return active && until && until > now ? until : null;
}

/** The checks to come, if nothing is changed; one that is overdue is asked at once or skipped, so it is not shown. */
function checksOf(settings: ProbeSettingsRow, { timeZone, now }: Viewpoint): readonly Date[] {
  const nextTickAt = toDate(settings.nextTickAt);
  if (!nextTickAt) return [];
  const plan = checkPlanOf({ ...settings, pausedUntil: toDate(settings.pausedUntil) }, timeZone);
  return checksFrom(plan, nextTickAt > now ? nextTickAt : nextCheck(plan, now), SHOWN_CHECKS);
}

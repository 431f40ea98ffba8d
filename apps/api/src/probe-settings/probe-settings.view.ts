import type { ProbeSettingsView } from '#libs/contract/probe-settings.contract';
import { toTime, toTimeOrNull, type Moment } from '../http/time.ts';

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
  createdAt: Moment;
  updatedAt: Moment;
}

/** Settings as the API shows them. */
export const toProbeSettingsView = (settings: ProbeSettingsRow): ProbeSettingsView => ({
  id: settings.id,
  created_at: toTime(settings.createdAt),
  updated_at: toTime(settings.updatedAt),
  user_id: settings.userId,
  active: settings.active,
  cron_expression: settings.cronExpression,
  max_retries: settings.maxRetries,
  wait_time_in_minutes: settings.waitTimeInMinutes,
  escalation_wait_in_minutes: settings.escalationWaitInMinutes,
  next_tick_at: toTimeOrNull(settings.nextTickAt),
});

import type { UserView } from '#libs/contract/user.contract';
import { ROLE_LEVELS } from '#libs/domain/accounts';
import { ROLES, type RoleName } from '#libs/db/entities/user.entity';
import {
  toProbeSettingsView,
  type ProbeSettingsRow,
  type Viewpoint,
} from '../probe-settings/probe-settings.view.ts';
import { toTime, type Moment } from '../http/time.ts';

/** What is shown of an account: an entity, or a part of a `PersonRow`. */
export interface UserRow {
  id: number;
  uuid: string;
  email: string;
  firstName?: string | null;
  lastName?: string | null;
  phoneNumber?: string | null;
  roleId: number;
  level?: number | null;
  clientId: number;
  isPlatformAdmin: boolean;
  mustChangePassword: boolean;
  enabled: boolean;
  version: number;
  createdAt: Moment;
  updatedAt: Moment;
}

/** An account and its settings in one row of `PERSON_QUERY`. */
export type PersonRow = UserRow &
  Omit<ProbeSettingsRow, 'id' | 'createdAt' | 'updatedAt'> & {
    settingsId: number;
    settingsCreatedAt: Moment;
    settingsUpdatedAt: Moment;
  };

/** Reads accounts with their settings in plain SQL, where building entities would cost more than the query. */
export const PERSON_QUERY = `
  select u.id, u.uuid, u.email, u.first_name as "firstName", u.last_name as "lastName",
         u.phone_number as "phoneNumber", u.role_id as "roleId", u.version,
         u.level, u.client_id as "clientId", u.is_platform_admin as "isPlatformAdmin", u.enabled,
         u.must_change_password as "mustChangePassword",
         u.created_at as "createdAt", u.updated_at as "updatedAt",
         s.id as "settingsId", s.user_id as "userId", s.active, s.cron_expression as "cronExpression",
         s.max_retries as "maxRetries", s.wait_time_in_minutes as "waitTimeInMinutes",
         s.escalation_wait_in_minutes as "escalationWaitInMinutes", s.next_tick_at as "nextTickAt",
         s.last_drill_at as "lastDrillAt", s.last_proven_at as "lastProvenAt",
         s.paused_until as "pausedUntil", s.quiet_hours_from as "quietHoursFrom",
         s.quiet_hours_to as "quietHoursTo", s.time_zone as "timeZone",
         s.opted_out_at as "optedOutAt", s.number_broken_at as "numberBrokenAt",
         s.created_at as "settingsCreatedAt", s.updated_at as "settingsUpdatedAt"
  from users u join probe_settings s on s.user_id = u.id`;

const roleOf = (roleId: number): RoleName =>
  (Object.keys(ROLES) as RoleName[]).find((name) => ROLES[name] === roleId) ?? 'viewer';

/** An account as the API shows it; never its password. */
export const toUserView = (user: UserRow, settings: ProbeSettingsRow, from: Viewpoint): UserView => ({
  id: user.id,
  uuid: user.uuid,
  created_at: toTime(user.createdAt),
  updated_at: toTime(user.updatedAt),
  first_name: user.firstName ?? null,
  last_name: user.lastName ?? null,
  phone_number: user.phoneNumber ?? null,
  email: user.email,
  role_id: user.roleId,
  role: roleOf(user.roleId),
  level: user.level ?? ROLE_LEVELS[roleOf(user.roleId)],
  client_id: user.clientId,
  is_platform_admin: user.isPlatformAdmin,
  must_change_password: user.mustChangePassword,
  enabled: user.enabled,
  version: user.version,
  probe_settings: toProbeSettingsView(settings, from),
});

/** The same from one row. */
export const toPersonView = (row: PersonRow, from: Viewpoint): UserView => {
  const own = { id: row.settingsId, createdAt: row.settingsCreatedAt, updatedAt: row.settingsUpdatedAt };
  return toUserView(row, { ...row, ...own }, from);
};

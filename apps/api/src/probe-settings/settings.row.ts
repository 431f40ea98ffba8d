import type { EntityManager } from '@mikro-orm/postgresql';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';

/**
 * Takes a person's lock as `lockPerson` does, and answers their settings outside of the unit of work: this is the most
 * frequent write, and a flush would cost more than the whole rest of it. Null when the person was deleted.
 */
export async function lockSettings(em: EntityManager, userId: number): Promise<ProbeSettings | null> {
  const [row] = await em.execute(`select * from probe_settings where user_id = ? for update`, [userId]);
  return row ? em.fork().map(ProbeSettings, row) : null;
}

/** Writes settings that `lockSettings` answered; `now` becomes the time of the change. */
export async function saveSettings(em: EntityManager, settings: ProbeSettings, now: Date): Promise<void> {
  settings.updatedAt = now;
  await em.execute(
    `update probe_settings set active = ?, cron_expression = ?, max_retries = ?, wait_time_in_minutes = ?,
       escalation_wait_in_minutes = ?, next_tick_at = ?, paused_until = ?, pause_changed_at = ?,
       quiet_hours_from = ?, quiet_hours_to = ?, time_zone = ?, updated_at = ?
     where id = ?`,
    [
      settings.active,
      settings.cronExpression,
      settings.maxRetries,
      settings.waitTimeInMinutes,
      settings.escalationWaitInMinutes,
      settings.nextTickAt ?? null,
      settings.pausedUntil ?? null,
      settings.pauseChangedAt ?? null,
      settings.quietHoursFrom ?? null,
      settings.quietHoursTo ?? null,
      settings.timeZone ?? null,
      settings.updatedAt,
      settings.id,
    ],
  );
}

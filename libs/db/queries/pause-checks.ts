import type { EntityManager } from '@mikro-orm/postgresql';
import { AppError } from '#libs/domain/errors';
import type { ProbeSettings } from '../entities/probe-settings.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { settleProbe } from './settle-probe.ts';
import type { Wakeups } from './wakeups.ts';

/** A person's settings, read under their lock, and the moment and time zone of the server. */
export interface PauseContext {
  wakeups: Wakeups;
  settings: ProbeSettings;
  timeZone: string;
  now: Date;
}

/**
 * Asks no scheduled check before `until`, and calls off a check that is pending: whoever pauses is alive. Checks that
 * were asked for and wait stay. Runs inside the caller's transaction, which must hold the person's lock; after the
 * commit the caller delivers the owed signal of the person's workflow. Answers the check that was called off.
 * @throws AppError conflict when the schedule is off
 */
export async function pauseChecks(
  em: EntityManager,
  until: Date,
  context: PauseContext,
): Promise<Probe | null> {
  const { wakeups, settings, timeZone, now } = context;
  if (!settings.active) throw new AppError('conflict', 'checks are off, so they can not be paused');
  settings.pause(until, timeZone, now);
  const probe = await em.findOne(Probe, { userId: settings.userId, status: 'pending' });
  if (probe) {
    const end = { status: 'cancelled', reason: 'cancelled_by_user' } as const;
    await settleProbe(em, wakeups, { probe, settings, ...end, timeZone, now });
  }
  await wakeups.record(em, { kind: 'probe', entityId: settings.userId, signal: 'settingsChanged' });
  return probe;
}

/** Ends a pause, under the same conditions. Answers whether there was one; the signal is owed only then. */
export async function resumeChecks(em: EntityManager, context: PauseContext): Promise<boolean> {
  const { wakeups, settings, timeZone, now } = context;
  const wasPaused = settings.isPaused(now);
  settings.resume(timeZone, now);
  if (wasPaused)
    await wakeups.record(em, { kind: 'probe', entityId: settings.userId, signal: 'settingsChanged' });
  return wasPaused;
}

import type { EntityManager } from '@mikro-orm/postgresql';
import { OneOffCheck } from '../entities/one-off-check.entity.ts';
import type { ProbeSettings } from '../entities/probe-settings.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { settleProbe } from './settle-probe.ts';
import type { Wakeups } from './wakeups.ts';

/** A person's settings, read under their lock, and the moment and time zone of the server. */
export interface StopContext {
  wakeups: Wakeups;
  settings: ProbeSettings;
  timeZone: string;
  now: Date;
}

/**
 * Turns a person's schedule off and calls off a check that is pending and those that wait; an alarm that was raised
 * goes on. Runs inside the caller's transaction, which must hold the person's lock. Answers whether anything was going
 * on, in which case the caller owes the person's workflow a signal.
 */
export async function stopChecks(em: EntityManager, context: StopContext): Promise<boolean> {
  const { wakeups, settings, timeZone, now } = context;
  const wasActive = settings.active;
  settings.stop();
  const probe = await em.findOne(Probe, { userId: settings.userId, status: 'pending' });
  if (probe) {
    const end = { status: 'cancelled', reason: 'cancelled_by_user' } as const;
    await settleProbe(em, wakeups, { probe, settings, ...end, timeZone, now });
  }
  const waiting = { userId: settings.userId, probeId: null, cancelledAt: null };
  const cancelled = await em.nativeUpdate(OneOffCheck, waiting, { cancelledAt: now });
  return wasActive || probe !== null || cancelled > 0;
}

import type { EntityManager } from '@mikro-orm/postgresql';
import { plusMs } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import type { CheckOrder } from '#libs/domain/sms-command';
import { OneOffCheck } from '../entities/one-off-check.entity.ts';
import { User } from '../entities/user.entity.ts';
import { emergencyContactsOf } from './emergency-contacts.ts';
import { lockPerson } from './person.ts';
import type { Wakeups } from './wakeups.ts';

/** At most this many checks of one person may wait at a time. */
export const MAX_WAITING_CHECKS = 10;

/**
 * Plans "check on me in N minutes" inside the caller's transaction; after the commit the caller delivers the owed
 * signal of the person's workflow.
 * @throws AppError phone_required, contact_required, opted_out, conflict (too many wait already), forbidden (disabled), not_found
 */
export async function orderCheck(
  em: EntityManager,
  wakeups: Wakeups,
  { userId, order, now, minuteMs }: { userId: number; order: CheckOrder; now: Date; minuteMs: number },
): Promise<OneOffCheck> {
  const settings = await lockPerson(em, userId);
  if (!settings) throw new AppError('not_found', 'user not found');
  const user = await em.findOneOrFail(User, userId, { refresh: true });
  // Disabled while this request waited for the person's lock.
  if (!user.enabled) throw new AppError('forbidden', 'the account is disabled');
  if (!user.phoneNumber) throw new AppError('phone_required', 'a phone number is required to be checked on');
  if ((await emergencyContactsOf(em, userId)).length === 0) {
    throw new AppError('contact_required', 'an emergency contact is required to be checked on');
  }
  settings.mustTakeTexts();
  if ((await em.count(OneOffCheck, { userId, probeId: null, cancelledAt: null })) >= MAX_WAITING_CHECKS) {
    throw new AppError('conflict', `at most ${MAX_WAITING_CHECKS} checks can wait at a time`);
  }
  const check = em.create(OneOffCheck, {
    userId,
    dueAt: plusMs(now, order.inMinutes * minuteMs),
    createdAt: now,
    maxRetries: order.maxRetries,
    waitTimeInMinutes: order.waitMinutes,
  });
  await wakeups.record(em, { kind: 'probe', entityId: userId, signal: 'checkOnMe' });
  await em.flush();
  return check;
}

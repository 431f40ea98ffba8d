import type { EntityManager } from '@mikro-orm/postgresql';
import type { OptOut } from '#libs/domain/replies';
import { OneOffCheck } from '../entities/one-off-check.entity.ts';
import type { ProbeSettings } from '../entities/probe-settings.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import type { User } from '../entities/user.entity.ts';
import { optIn, optOut, peopleWithContact } from './consent.ts';
import { lockPerson } from './person.ts';
import { NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';
import { settleProbe } from './settle-probe.ts';

/** A phone that said one of the provider's own words, and the person whose it is, if any. */
export interface ProviderWord {
  user: User | null;
  phoneNumber: string;
  word: OptOut;
}

/**
 * Applies a STOP or START inside the caller's transaction: to the person of the phone, and to everybody whose contact it
 * is. The provider answers both, so there is no reply of ours.
 */
export async function applyProviderWord(
  em: EntityManager,
  { user, phoneNumber, word }: ProviderWord,
  context: ReplyContext,
): Promise<Answer> {
  const { wakeups, textId, now } = context;
  const concerned = new Set([...(user ? [user.id] : []), ...(await peopleWithContact(em, phoneNumber))]);
  // In the order of the ids, so that two such texts can not lock each other out.
  for (const id of [...concerned].sort((one, other) => one - other)) await lockPerson(em, id);
  const answer = user ? await applyOptOut(em, user, word, context) : NO_ANSWER;
  const phone = { phoneNumber, cause: `text/${textId}`, now };
  const owed = await (word === 'stop' ? optOut : optIn)(em, wakeups, phone);
  return { ...answer, owed: [...answer.owed, ...owed] };
}

/**
 * Applies a watched person's STOP or START inside the caller's transaction. From a STOP on nobody can check on them:
 * whatever watches them ends with the alarm, a repeated STOP finds nothing left to end. A START is no answer, and the
 * schedule stays off until they turn it on.
 */
async function applyOptOut(
  em: EntityManager,
  user: User,
  word: OptOut,
  context: ReplyContext,
): Promise<Answer> {
  const settings = await lockPerson(em, user.id);
  if (!settings) return NO_ANSWER;
  if (word === 'start') {
    settings.optedOutAt = null;
    return { ...NO_ANSWER, effect: 'opted_in' };
  }
  const { wakeups, now, timeZone } = context;
  settings.optedOutAt ??= now;
  const probe = await probeToEnd(em, settings, now);
  if (!probe) return { ...NO_ANSWER, effect: 'opted_out' };
  const end = { status: 'unavailable', reason: 'opted_out' } as const;
  await settleProbe(em, wakeups, { probe, settings, ...end, timeZone, now });
  await wakeups.record(em, { kind: 'probe', entityId: user.id, signal: 'cancel' });
  return {
    reply: null,
    probeId: probe.id,
    effect: 'opted_out',
    owed: [
      { kind: 'escalation', entityId: probe.id },
      { kind: 'probe', entityId: user.id },
    ],
  };
}

/**
 * The pending probe, else one opened for the record when a schedule or a planned check was watching; null when nothing
 * was. Planned checks are called off.
 */
async function probeToEnd(em: EntityManager, settings: ProbeSettings, now: Date): Promise<Probe | null> {
  const { userId } = settings;
  const waiting = { userId, probeId: null, cancelledAt: null };
  const calledOff = await em.nativeUpdate(OneOffCheck, waiting, { cancelledAt: now });
  const pending = await em.findOne(Probe, { userId, status: 'pending' });
  if (pending || (!settings.active && calledOff === 0)) return pending;
  const { maxRetries, waitTimeInMinutes } = settings;
  const kind = settings.active ? 'scheduled' : 'one_off';
  const opened = em.create(Probe, {
    userId,
    kind,
    dueAt: now,
    maxRetries,
    waitTimeInMinutes,
    createdAt: now,
  });
  await em.flush();
  return opened;
}

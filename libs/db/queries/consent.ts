import type { EntityManager } from '@mikro-orm/postgresql';
import { plusMs } from '#libs/domain/clock';
import type { Refusal } from '#libs/domain/consent';
import { classifyError, isPermanent } from '#libs/domain/delivery';
import { AppError } from '#libs/domain/errors';
import { texts } from '#libs/domain/texts';
import { Consent } from '../entities/consent.entity.ts';
import { Contact } from '../entities/contact.entity.ts';
import { Message } from '../entities/message.entity.ts';
import { User } from '../entities/user.entity.ts';
import { emergencyContactsOf } from './emergency-contacts.ts';
import { noticesOf, oweNotice } from './notices.ts';
import { lockPerson } from './person.ts';
import type { OwedSignal, Wakeups } from './wakeups.ts';

// Everything here runs inside the caller's transaction; after the commit the caller delivers the signals it answers.

/** Who may be texted about whom. */
export interface Relation {
  userId: number;
  phoneNumber: string;
}

const DAY_MS = 24 * 60 * 60_000;
/** So many new numbers of one person are texted within a day. */
const MOST_ASKED_A_DAY = 20;
/** A text that did not go out may go again. */
const NOT_SENT = new Set(['canceled', 'failed']);

/**
 * Owes a flagged contact the text that tells who added them and how to refuse: once for each person and number, ever.
 * The caller holds the person's lock. Idempotent.
 * @throws AppError conflict when the person had too many numbers texted within a day: strangers must not be
 */
export async function askForConsent(
  em: EntityManager,
  wakeups: Wakeups,
  contact: Contact,
  now: Date,
): Promise<OwedSignal[]> {
  const { userId, phoneNumber } = contact;
  if (!contact.isEmergencyContact) return [];
  const known = await em.findOne(Consent, { userId, phoneNumber });
  if (known && !(await mayBeAsked(em, known))) return [];
  if (!known) await assertFewAreAsked(em, userId, now);

  const user = await em.findOneOrFail(User, userId);
  const count = await em.count(Message, { userId, kind: 'consent' });
  const names = { person: user.firstName ?? '', personLastName: user.lastName ?? '' };
  const message = await oweNotice(em, wakeups, {
    userId,
    kind: 'consent',
    attemptKey: `consent/${userId}/${count + 1}`,
    toNumber: phoneNumber,
    body: texts.en.consent({ ...names, contact: contact.firstName }),
    now,
  });
  const consent = known ?? em.create(Consent, { userId, phoneNumber, createdAt: now });
  consent.messageId = message.id;
  await em.flush();
  return [noticesOf(userId)];
}

async function assertFewAreAsked(em: EntityManager, userId: number, now: Date): Promise<void> {
  const asked = await em.count(Consent, { userId, createdAt: { $gt: plusMs(now, -DAY_MS) } });
  if (asked < MOST_ASKED_A_DAY) return;
  throw new AppError(
    'conflict',
    `at most ${MOST_ASKED_A_DAY} new emergency contacts can be told within a day`,
  );
}

/** False for those who know already, who answered, or whom no text can reach. */
async function mayBeAsked(
  em: EntityManager,
  { answer, unreachableAt, messageId }: Consent,
): Promise<boolean> {
  if (answer || unreachableAt || !messageId) return false;
  const { status } = await em.findOneOrFail(Message, { id: messageId }, { refresh: true });
  return NOT_SENT.has(status);
}

/**
 * Records that a contact refuses, under the person's lock. If they could have been alerted, the person is warned, and
 * alarms that are under way look again. A second refusal changes nothing.
 * @param cause names the occasion, such as the text: the person is warned once of each
 */
export async function refuseConsent(
  em: EntityManager,
  wakeups: Wakeups,
  { userId, phoneNumber, refusal, cause, now }: Relation & { refusal: Refusal; cause: string; now: Date },
): Promise<OwedSignal[]> {
  if (!(await lockPerson(em, userId))) return [];
  const consent = await findOrCreate(em, { userId, phoneNumber }, now);
  if (consent.isRefused) return [];
  consent.refuse(refusal, now);
  await em.flush();

  const contact = await em.findOne(Contact, { userId, phoneNumber });
  if (!contact?.isEmergencyContact) return [];
  const left = (await emergencyContactsOf(em, userId)).length;
  const body = texts.en.contactRefused({ contact: contact.firstName }, left);
  const attemptKey = `contact-refused/${contact.id}/${cause}`;
  const warning = await warn(em, wakeups, { userId, kind: 'contact_refused', attemptKey, body, now });
  return [...(await wakeAlarms(em, wakeups, userId)), ...warning];
}

/** Records that a contact is willing, under the person's lock; false when a STOP of theirs stands against it. */
export async function acceptConsent(em: EntityManager, relation: Relation, now: Date): Promise<boolean> {
  if (!(await lockPerson(em, relation.userId))) return false;
  const consent = await findOrCreate(em, relation, now);
  if (consent.refusal === 'opted_out') return false;
  consent.accept(now);
  await em.flush();
  return true;
}

/** Everybody whose contact this phone is or was, in the order of their ids. */
export async function peopleWithContact(em: EntityManager, phoneNumber: string): Promise<number[]> {
  const people = await em.execute<{ user_id: number }[]>(
    `select user_id from contacts where phone_number = ? union select user_id from consents where phone_number = ?
     order by user_id`,
    [phoneNumber, phoneNumber],
  );
  return people.map((row) => row.user_id);
}

/** The provider texts this phone no more (STOP): a refusal to everybody who made it a contact. */
export async function optOut(
  em: EntityManager,
  wakeups: Wakeups,
  { phoneNumber, cause, now }: { phoneNumber: string; cause: string; now: Date },
): Promise<OwedSignal[]> {
  const owed: OwedSignal[] = [];
  for (const userId of await peopleWithContact(em, phoneNumber)) {
    const refusal = { userId, phoneNumber, refusal: 'opted_out', cause, now } as const;
    owed.push(...(await refuseConsent(em, wakeups, refusal)));
  }
  return owed;
}

/** The provider texts this phone again (START): they count as told, and those who never were are told now. */
export async function optIn(
  em: EntityManager,
  wakeups: Wakeups,
  { phoneNumber, now }: { phoneNumber: string; now: Date },
): Promise<OwedSignal[]> {
  const optedOut = await em.find(
    Consent,
    { phoneNumber, refusal: 'opted_out' },
    { orderBy: { userId: 'asc' } },
  );
  const owed: OwedSignal[] = [];
  for (const { userId } of optedOut) {
    if (!(await lockPerson(em, userId))) continue;
    const consent = await em.findOne(
      Consent,
      { userId, phoneNumber, refusal: 'opted_out' },
      { refresh: true },
    );
    if (!consent) continue;
    const contact = await em.findOne(Contact, { userId, phoneNumber });
    // Whoever was never flagged was never told, and will have to be.
    if (!contact?.isEmergencyContact && !consent.messageId) em.remove(consent);
    else consent.reopen();
    await em.flush();
    if (contact) owed.push(...(await askForConsent(em, wakeups, contact, now)));
  }
  return owed;
}

/**
 * What follows from a consent text that can not arrive, under the person's lock: an opted-out phone is a refusal; of a
 * number that does not work the person is told, so that they correct it. Idempotent.
 */
export async function followFailedConsent(
  em: EntityManager,
  wakeups: Wakeups,
  { messageId, now }: { messageId: number; now: Date },
): Promise<OwedSignal[]> {
  const consent = await em.findOne(Consent, { messageId });
  const message = consent && (await em.findOne(Message, { id: messageId }, { refresh: true }));
  if (!consent || !message || consent.answer || consent.unreachableAt) return [];
  const { userId, phoneNumber } = consent;
  const cause = `message/${messageId}`;
  const errorClass = classifyError(message.errorCode ?? null);
  if (errorClass === 'opted_out') {
    return refuseConsent(em, wakeups, { userId, phoneNumber, refusal: 'opted_out', cause, now });
  }
  // What was only not delivered may arrive another time; what the provider gave up will not.
  if (!isPermanent(errorClass) && message.status !== 'failed') return [];
  if (!(await lockPerson(em, userId))) return [];
  consent.unreachableAt = now;
  await em.flush();
  const contact = await em.findOne(Contact, { userId, phoneNumber });
  if (!contact?.isEmergencyContact) return [];
  const body = texts.en.contactUnreachable({ contact: contact.firstName });
  const attemptKey = `contact-unreachable/${contact.id}/${cause}`;
  return warn(em, wakeups, { userId, kind: 'contact_unreachable', attemptKey, body, now });
}

async function findOrCreate(em: EntityManager, relation: Relation, now: Date): Promise<Consent> {
  const known = await em.findOne(Consent, { ...relation }, { refresh: true });
  return known ?? em.create(Consent, { ...relation, createdAt: now });
}

async function warn(
  em: EntityManager,
  wakeups: Wakeups,
  notice: Omit<Parameters<typeof oweNotice>[2], 'toNumber'>,
): Promise<OwedSignal[]> {
  const user = await em.findOneOrFail(User, notice.userId);
  if (!user.phoneNumber || !user.enabled) return [];
  await oweNotice(em, wakeups, { ...notice, toNumber: user.phoneNumber });
  return [noticesOf(user.id)];
}

/** An alarm that waits for somebody who refused has to go on to the next. */
async function wakeAlarms(em: EntityManager, wakeups: Wakeups, userId: number): Promise<OwedSignal[]> {
  const alarms = await em.execute<{ id: number }[]>(
    `select id from probes where user_id = ? and status in ('bad', 'unavailable') and escalation_ended_at is null`,
    [userId],
  );
  const owed = alarms.map(({ id }): OwedSignal => ({ kind: 'escalation', entityId: id, signal: 'delivery' }));
  for (const signal of owed) await wakeups.record(em, signal);
  return owed;
}

import type { EntityManager } from '@mikro-orm/postgresql';
import { EmergencyProbe } from '../entities/emergency-probe.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { User } from '../entities/user.entity.ts';
import { acceptConsent } from './consent.ts';
import { lockPerson } from './person.ts';
import { isAcknowledgement } from '#libs/domain/replies';
import { texts } from '#libs/domain/texts';
import { NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';

/** An alert that the phone it went to may still answer. */
export interface OpenAlert {
  id: number;
  probeId: number;
  userId: number;
  phoneNumber: string;
  /** True when the contact refused since: their help is welcome, but nobody asks for it. */
  isRefused: boolean;
  contactId: number;
}

/** A text that comes later than this is not taken for an answer to the alert, or to a drill. */
export const ANSWERABLE_MS = 3 * 24 * 60 * 60_000;

/** The latest alert to this phone that nobody took on and that was not called off; a phone may be several people's contact. */
export async function findOpenAlert(
  em: EntityManager,
  phoneNumber: string,
  now: Date,
): Promise<OpenAlert | null> {
  const [row] = await em.execute<
    { id: number; probe_id: number; user_id: number; contact_id: number; is_refused: boolean | null }[]
  >(
    `select e.id, e.probe_id, p.user_id, c.id as contact_id, k.answer = 'refused' as is_refused
     from contacts c
     join emergency_probes e on e.contact_id = c.id
     join probes p on p.id = e.probe_id
     left join consents k on k.user_id = p.user_id and k.phone_number = c.phone_number
     where c.phone_number = ? and p.decided_at > ? and p.all_clear_at is null and not exists
       (select from emergency_probes other where other.probe_id = e.probe_id and other.acknowledged_at is not null)
     order by e.id desc limit 1`,
    [phoneNumber, new Date(now.getTime() - ANSWERABLE_MS)],
  );
  if (!row) return null;
  const { id, probe_id: probeId, user_id: userId, contact_id: contactId, is_refused } = row;
  return { id, probeId, userId, contactId, phoneNumber, isRefused: is_refused ?? false };
}

/**
 * Applies a contact's text about an alert inside the caller's transaction: an acknowledgement, which is consent too, or
 * a hint how to give one.
 */
export async function applyContactText(
  em: EntityManager,
  alert: OpenAlert,
  body: string,
  { wakeups, now }: ReplyContext,
): Promise<Answer> {
  const user = await em.findOneOrFail(User, alert.userId);
  const names = { person: user.firstName ?? '' };
  const { probeId, contactId } = alert;
  if (!isAcknowledgement(body)) {
    const reply = alert.isRefused ? null : texts.en.askToAcknowledgeReply(names);
    return { reply, probeId, contactId, effect: 'hinted', owed: [] };
  }

  if (!(await lockPerson(em, user.id))) return NO_ANSWER;
  const asked = await em.findOneOrFail(EmergencyProbe, alert.id);
  asked.acknowledgedAt = now;
  const probe = await em.findOneOrFail(Probe, alert.probeId);
  probe.escalationEndedAt = null;
  await acceptConsent(em, { userId: user.id, phoneNumber: alert.phoneNumber }, now);
  await wakeups.record(em, { kind: 'escalation', entityId: alert.probeId, signal: 'acknowledged' });
  return {
    reply: texts.en.acknowledgedReply(names),
    probeId,
    contactId,
    effect: 'acknowledged',
    owed: [{ kind: 'escalation', entityId: probeId }],
  };
}

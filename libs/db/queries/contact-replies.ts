import type { EntityManager } from '@mikro-orm/postgresql';
import { EmergencyProbe } from '../entities/emergency-probe.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { User } from '../entities/user.entity.ts';
import { lockPerson } from './person.ts';
import { isAcknowledgement } from '#libs/domain/replies';
import { texts } from '#libs/domain/texts';
import { NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';

/** An alert that the phone it went to may still answer. */
interface OpenAlert {
  id: number;
  probeId: number;
  userId: number;
}

/** A text that comes later than this is not taken for an answer to the alert. */
const ANSWERABLE_MS = 3 * 24 * 60 * 60_000;

/** The latest alert to this phone that nobody took on and that was not called off; a phone may be several people's contact. */
export async function findOpenAlert(
  em: EntityManager,
  phoneNumber: string,
  now: Date,
): Promise<OpenAlert | null> {
  const [row] = await em.execute<{ id: number; probe_id: number; user_id: number }[]>(
    `select e.id, e.probe_id, p.user_id
     from contacts c
     join emergency_probes e on e.contact_id = c.id
     join probes p on p.id = e.probe_id
     where c.phone_number = ? and p.decided_at > ? and p.all_clear_at is null and not exists
       (select from emergency_probes other where other.probe_id = e.probe_id and other.acknowledged_at is not null)
     order by e.id desc limit 1`,
    [phoneNumber, new Date(now.getTime() - ANSWERABLE_MS)],
  );
  return row ? { id: row.id, probeId: row.probe_id, userId: row.user_id } : null;
}

/** Applies a contact's text about an alert inside the caller's transaction: an acknowledgement, or a hint how to give one. */
export async function applyContactText(
  em: EntityManager,
  alert: OpenAlert,
  body: string,
  { wakeups, now }: ReplyContext,
): Promise<Answer> {
  const user = await em.findOneOrFail(User, alert.userId);
  const names = { person: user.firstName ?? '' };
  if (!isAcknowledgement(body)) return { reply: texts.en.askToAcknowledgeReply(names), owed: [] };

  if (!(await lockPerson(em, user.id))) return NO_ANSWER;
  const asked = await em.findOneOrFail(EmergencyProbe, alert.id);
  asked.acknowledgedAt = now;
  const probe = await em.findOneOrFail(Probe, alert.probeId);
  probe.escalationEndedAt = null;
  await wakeups.record(em, { kind: 'escalation', entityId: alert.probeId, signal: 'acknowledged' });
  return {
    reply: texts.en.acknowledgedReply(names),
    probeId: alert.probeId,
    owed: [{ kind: 'escalation', entityId: alert.probeId }],
  };
}

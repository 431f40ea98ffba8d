import type { EntityManager } from '@mikro-orm/postgresql';
import { EmergencyProbe } from '#libs/db/entities/emergency-probe.entity';
import { Message } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { DeliveryStatus } from '#libs/domain/delivery';
import { deliveryRank } from '#libs/domain/delivery';
import type { ProbeReason, ProbeStatus } from '#libs/domain/probe';
import { nextNumber } from './sequence.ts';

const REASONS: Record<Exclude<ProbeStatus, 'pending'>, ProbeReason> = {
  good: 'replied',
  bad: 'replied',
  cancelled: 'cancelled_by_user',
  unavailable: 'no_reply',
};

/** Stores a probe of a person in a state, decided as that state usually is. */
export async function createProbe(
  em: EntityManager,
  userId: number,
  status: ProbeStatus = 'pending',
): Promise<Probe> {
  const now = new Date();
  const probe = em.create(Probe, {
    userId,
    kind: 'scheduled',
    dueAt: new Date(now.getTime() + nextNumber()),
    status,
    reason: status === 'pending' ? null : REASONS[status],
    decidedAt: status === 'pending' ? null : now,
    maxRetries: 3,
    waitTimeInMinutes: 60,
    lastAskedAt: now,
  });
  await em.flush();
  return probe;
}

/** Stores a message about a probe. */
export async function createMessage(
  em: EntityManager,
  probe: Probe,
  status: DeliveryStatus = 'queued',
): Promise<Message> {
  const message = em.create(Message, {
    userId: probe.userId,
    probeId: probe.id,
    kind: 'alert',
    attemptKey: `test/${nextNumber()}`,
    toNumber: '+16660000000',
    body: 'please reach out',
    status,
    statusRank: deliveryRank(status),
    attempts: 1,
    acceptedAt: deliveryRank(status) >= deliveryRank('accepted') ? new Date() : null,
  });
  await em.flush();
  return message;
}

/** Stores an alert to a contact about a probe, with its message. */
export async function createAlert(
  em: EntityManager,
  probe: Probe,
  contactId: number,
  round = 1,
): Promise<EmergencyProbe> {
  const message = await createMessage(em, probe, 'delivered');
  const alert = em.create(EmergencyProbe, { probeId: probe.id, contactId, messageId: message.id, round });
  await em.flush();
  return alert;
}

import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeliveryStatus } from '#libs/domain/delivery';
import { deliveryRank, isDeliveryFailure } from '#libs/domain/delivery';
import type { EscalationState, Progress } from '#libs/domain/escalation';
import { Contact } from '../entities/contact.entity.ts';
import type { MessageKind } from '../entities/message.entity.ts';
import { ProbeSettings } from '../entities/probe-settings.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { User } from '../entities/user.entity.ts';
import { refusedNumbers } from './emergency-contacts.ts';

/** An escalation as it stands, with the people in it. */
export interface Escalation {
  probe: Probe;
  user: User;
  /** Every contact of the person but those who refused, in the order of their ids: nobody else is texted. */
  contacts: Contact[];
  /** Those of them whom an alert reached, as far as we know: handed over, and not given up by the carrier since. */
  alertedContactIds: number[];
  acknowledgedBy: Contact | null;
  state: EscalationState;
}

// Times of raw rows arrive as text.
interface AlertRow {
  contact_id: number | null;
  round: number;
  status: DeliveryStatus;
  accepted_at: string | null;
  acknowledged_at: string | null;
}

const isSettled = (status: DeliveryStatus) => deliveryRank(status) >= deliveryRank('accepted');

/** The attempt keys of an escalation's messages: one for each thing said to each person. */
export const escalationKeys = {
  alert: (probeId: number, contactId: number, round: number) =>
    `escalation/${probeId}/alert/${contactId}/${round}`,
  reachedOut: (probeId: number, contactId: number) => `escalation/${probeId}/reached-out/${contactId}`,
  acknowledged: (probeId: number, recipient: number | 'person') =>
    `escalation/${probeId}/acknowledged/${recipient}`,
  nobodyReached: (probeId: number) => `escalation/${probeId}/nobody-reached`,
  allClear: (probeId: number, contactId: number) => `escalation/${probeId}/all-clear/${contactId}`,
};

/** Reads all that decides what an escalation does next. Null when the person was deleted. */
export async function loadEscalation(
  em: EntityManager,
  probeId: number,
  minuteMs: number,
): Promise<Escalation | null> {
  const probe = await em.findOne(Probe, { id: probeId });
  if (!probe) return null;
  const user = await em.findOneOrFail(User, probe.userId);
  const settings = await em.findOneOrFail(ProbeSettings, { userId: user.id });
  const everybody = await em.find(Contact, { userId: user.id }, { orderBy: { id: 'asc' } });
  const refused = await refusedNumbers(em, user.id);
  const contacts = everybody.filter((contact) => !refused.has(contact.phoneNumber));
  const hasRefused = (id: number | null) =>
    everybody.some((contact) => contact.id === id && refused.has(contact.phoneNumber));
  const alerts = await em.execute<AlertRow[]>(
    `select e.contact_id, e.round, m.status, m.accepted_at, e.acknowledged_at
     from emergency_probes e join messages m on m.id = e.message_id where e.probe_id = ? order by e.id`,
    [probeId],
  );
  const said = await em.execute<{ attempt_key: string; kind: MessageKind; status: DeliveryStatus }[]>(
    `select attempt_key, kind, status from messages where probe_id = ?
     and kind in ('reached_out', 'nobody_reached', 'acknowledged', 'all_clear')`,
    [probeId],
  );
  const hasSaid = (key: string) => said.some((each) => each.attempt_key === key && isSettled(each.status));

  const hasReached = ({ accepted_at, status }: AlertRow) => accepted_at && !isDeliveryFailure(status);
  const alertedContactIds = contacts
    .map((contact) => contact.id)
    .filter((id) => alerts.some((each) => each.contact_id === id && hasReached(each)));
  const acknowledgedId = alerts.find((each) => each.acknowledged_at)?.contact_id ?? null;
  const isAcknowledged = alerts.some((each) => each.acknowledged_at);
  const others = alertedContactIds.filter((id) => id !== acknowledgedId);
  const concerned: (number | 'person')[] = ['person', ...others];
  const toldOfAcknowledgement = concerned.map((each) => escalationKeys.acknowledged(probeId, each));
  const toldOfAllClear = alertedContactIds.map((id) => escalationKeys.allClear(probeId, id));

  return {
    probe,
    user,
    contacts,
    alertedContactIds,
    acknowledgedBy: everybody.find((contact) => contact.id === acknowledgedId) ?? null,
    state: {
      contactIds: contacts.filter((contact) => contact.isEmergencyContact).map((contact) => contact.id),
      alerts: alerts.map((each) => ({
        contactId: each.contact_id,
        round: each.round,
        sentAt: each.accepted_at === null ? null : new Date(each.accepted_at),
        isFailed: isDeliveryFailure(each.status) || hasRefused(each.contact_id),
        isPersonTold:
          each.contact_id === null || hasSaid(escalationKeys.reachedOut(probeId, each.contact_id)),
      })),
      acknowledgement: progress(isAcknowledged, toldOfAcknowledgement.every(hasSaid)),
      allClear: progress(probe.allClearAt !== null, toldOfAllClear.every(hasSaid)),
      isNobodyTold: hasSaid(escalationKeys.nobodyReached(probeId)),
      waitMs: settings.escalationWaitInMinutes * minuteMs,
    },
  };
}

const progress = (isThere: boolean, isTold: boolean): Progress =>
  !isThere ? 'none' : isTold ? 'told' : 'untold';

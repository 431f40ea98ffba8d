import type { EntityManager } from '@mikro-orm/postgresql';
import { isDeliveryFailure, type DeliveryStatus } from '#libs/domain/delivery';
import type { ReceivedRecord, SentRecord } from '#libs/domain/timeline';
import type { MessageKind } from '../entities/message.entity.ts';

/** One text that was sent, with whom it went to and the moments of its life. Holds no phone number. */
export interface LoggedMessage extends SentRecord {
  uuid: string;
  probeId: number | null;
  drillId: number | null;
  kind: MessageKind;
  isToPerson: boolean;
  /** Null for the person, and for a contact who was deleted or got another number since. */
  contactId: number | null;
  sid: string | null;
  errorCode: number | null;
  lastError: string | null;
  attempts: number;
  body: string;
}

/** One text that came in. Holds no phone number. */
export interface LoggedText extends ReceivedRecord {
  sid: string;
  isFromPerson: boolean;
  contactId: number | null;
  sentAt: Date | null;
  body: string;
  reply: string | null;
}

// Times of raw rows arrive as text.
interface MessageRow {
  uuid: string;
  probe_id: number | null;
  drill_id: number | null;
  kind: MessageKind;
  is_to_person: boolean;
  contact_id: number | null;
  provider_sid: string | null;
  status: DeliveryStatus;
  error_code: number | null;
  last_error: string | null;
  attempts: number;
  body: string;
  created_at: string;
  updated_at: string;
  accepted_at: string | null;
  moments: Partial<Record<DeliveryStatus, string>> | null;
}

interface TextRow {
  provider_sid: string;
  contact_id: number | null;
  effect: string | null;
  sent_at: string | null;
  created_at: string;
  handled_at: string | null;
  body: string;
  reply: string | null;
}

// The phone of a contact may be the person's as well: then what the text is for tells whom it was for.
const LOG = `
  select m.uuid, m.probe_id, m.drill_id, m.kind, m.provider_sid, m.status, m.error_code, m.last_error, m.attempts, m.body,
         m.created_at, m.updated_at, m.accepted_at,
         m.kind in ('check_in', 'follow_up', 'reached_out') or m.attempt_key like '%/person'
           or (m.to_number = u.phone_number and m.kind not in ('alert', 'all_clear', 'acknowledged')) as is_to_person,
         coalesce(e.contact_id, c.id) as contact_id,
         (select json_object_agg(status, at) from message_events where message_id = m.id) as moments
  from messages m
  join users u on u.id = m.user_id
  left join emergency_probes e on e.message_id = m.id
  left join contacts c on c.user_id = m.user_id and c.phone_number = m.to_number`;

/** Every text that was sent about a probe, oldest first. */
export async function messagesOfProbe(em: EntityManager, probeId: number): Promise<LoggedMessage[]> {
  const rows = await em.execute<MessageRow[]>(`${LOG} where m.probe_id = ? order by m.id`, [probeId]);
  return rows.map(toLoggedMessage);
}

/** A part of the texts that were sent about a person, newest first. */
export async function messagesOfUser(
  em: EntityManager,
  userId: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<LoggedMessage[]> {
  const rows = await em.execute<MessageRow[]>(
    `${LOG} where m.user_id = ? order by m.id desc limit ? offset ?`,
    [userId, limit, offset],
  );
  return rows.map(toLoggedMessage);
}

/** Every text that came in about a probe, oldest first. */
export async function textsOfProbe(em: EntityManager, probeId: number): Promise<LoggedText[]> {
  const rows = await em.execute<TextRow[]>(
    `select provider_sid, contact_id, effect, sent_at, created_at, handled_at, body, reply
     from inbound_messages where probe_id = ? order by id`,
    [probeId],
  );
  return rows.map((row) => ({
    sid: row.provider_sid,
    isFromPerson: row.effect !== 'acknowledged' && row.effect !== 'hinted',
    contactId: row.contact_id,
    effect: row.effect,
    sentAt: toDate(row.sent_at),
    receivedAt: new Date(row.created_at),
    handledAt: toDate(row.handled_at),
    body: row.body,
    reply: row.reply,
  }));
}

function toLoggedMessage(row: MessageRow): LoggedMessage {
  const moments = row.moments ?? {};
  const failure = isDeliveryFailure(row.status) ? (moments[row.status] ?? row.updated_at) : null;
  return {
    uuid: row.uuid,
    probeId: row.probe_id,
    drillId: row.drill_id,
    kind: row.kind,
    isToPerson: row.is_to_person,
    contactId: row.is_to_person ? null : row.contact_id,
    sid: row.provider_sid,
    status: row.status,
    errorCode: row.error_code,
    lastError: row.last_error,
    attempts: row.attempts,
    body: row.body,
    queuedAt: new Date(row.created_at),
    acceptedAt: toDate(row.accepted_at),
    sentAt: toDate(moments.sent),
    deliveredAt: toDate(moments.delivered),
    failedAt: toDate(failure),
  };
}

const toDate = (text: string | null | undefined): Date | null => (text ? new Date(text) : null);

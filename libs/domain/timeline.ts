import type { DeliveryStatus } from './delivery.ts';
import { isAlarm, type ProbeReason, type ProbeStatus } from './probe.ts';

/** Everything that can happen to a check, in the order in which things of one moment follow from each other. */
export const TIMELINE_EVENTS = [
  'opened',
  'text_received',
  'reply_kept',
  'asked',
  'followed_up',
  'asked_again',
  'contact_asked',
  'message_queued',
  'message_accepted',
  'message_sent',
  'message_delivered',
  'message_undelivered',
  'message_failed',
  'settled',
  'superseded',
  'switched_off',
  'message_canceled',
  'escalation_raised',
  'acknowledged',
  'all_clear',
  'escalation_ended',
] as const;
export type TimelineEvent = (typeof TIMELINE_EVENTS)[number];

/** What is on record of a check itself. */
export interface CheckRecord {
  status: ProbeStatus;
  reason: ProbeReason | null;
  maxRetries: number;
  createdAt: Date;
  decidedAt: Date | null;
  switchedOffAt: Date | null;
  allClearAt: Date | null;
  escalationEndedAt: Date | null;
}

/** A text that was sent, with the moments of its life. */
export interface SentRecord {
  kind: string;
  status: DeliveryStatus;
  queuedAt: Date;
  acceptedAt: Date | null;
  sentAt: Date | null;
  deliveredAt: Date | null;
  failedAt: Date | null;
}

/** A text that came in. */
export interface ReceivedRecord {
  receivedAt: Date;
  handledAt: Date | null;
  effect: string | null;
}

/** A contact's acknowledgement. */
export interface AcknowledgementRecord {
  contactId: number | null;
  acknowledgedAt: Date;
}

/** One moment of a check, with what it is about. */
export interface Moment<Sent, Received> {
  at: Date;
  event: TimelineEvent;
  status?: ProbeStatus;
  reason?: ProbeReason;
  contactId?: number | null;
  message?: Sent;
  text?: Received;
}

const ORDER = new Map<TimelineEvent, number>(TIMELINE_EVENTS.map((event, index) => [event, index]));

/** Tells the story of a check from what is on record, oldest first; messages and acknowledgements in the order given. */
export function timelineOf<Sent extends SentRecord, Received extends ReceivedRecord>(record: {
  check: CheckRecord;
  messages: Sent[];
  texts: Received[];
  acknowledgements: AcknowledgementRecord[];
}): Moment<Sent, Received>[] {
  const { check, messages, texts, acknowledgements } = record;
  const followUps = messages.filter((message) => message.kind === 'follow_up');
  const moments = [
    ...momentsOfCheck(check),
    ...messages.flatMap((message) =>
      momentsOfMessage(message, firstEvent(message.kind, followUps.indexOf(message), check.maxRetries)),
    ),
    ...texts.flatMap(momentsOfText),
    ...acknowledgements.map(({ contactId, acknowledgedAt }) => ({
      at: acknowledgedAt,
      event: 'acknowledged' as const,
      contactId,
    })),
  ];
  return moments.sort(
    (one, other) => one.at.getTime() - other.at.getTime() || ORDER.get(one.event)! - ORDER.get(other.event)!,
  );
}

function momentsOfCheck(check: CheckRecord): Moment<never, never>[] {
  const { status, reason, decidedAt } = check;
  const moments: Moment<never, never>[] = [{ at: check.createdAt, event: 'opened' }];
  if (decidedAt && reason) {
    const event = reason === 'superseded' ? 'superseded' : 'settled';
    moments.push({ at: decidedAt, event, status, reason });
    if (isAlarm(status)) moments.push({ at: decidedAt, event: 'escalation_raised' });
  }
  return [
    ...moments,
    ...momentAt(check.switchedOffAt, 'switched_off'),
    ...momentAt(check.allClearAt, 'all_clear'),
    ...momentAt(check.escalationEndedAt, 'escalation_ended'),
  ];
}

/** How a message begins: questions and alerts are decisions. A follow-up beyond the limit makes up for downtime. */
function firstEvent(kind: string, followUpIndex: number, maxRetries: number): TimelineEvent {
  if (kind === 'check_in') return 'asked';
  if (kind === 'follow_up') return followUpIndex < maxRetries ? 'followed_up' : 'asked_again';
  return kind === 'alert' ? 'contact_asked' : 'message_queued';
}

function momentsOfMessage<Sent extends SentRecord>(
  message: Sent,
  first: TimelineEvent,
): Moment<Sent, never>[] {
  const { status, failedAt } = message;
  const failure =
    status === 'undelivered' || status === 'failed' || status === 'canceled'
      ? momentAt(failedAt, `message_${status}`)
      : [];
  return [
    ...momentAt(message.queuedAt, first),
    ...momentAt(message.acceptedAt, 'message_accepted'),
    ...momentAt(message.sentAt, 'message_sent'),
    ...momentAt(message.deliveredAt, 'message_delivered'),
    ...failure,
  ].map((moment) => ({ ...moment, message }));
}

const momentsOfText = <Received extends ReceivedRecord>(text: Received): Moment<never, Received>[] =>
  [
    ...momentAt(text.receivedAt, 'text_received'),
    ...momentAt(text.effect === 'kept' ? text.handledAt : null, 'reply_kept'),
  ].map((moment) => ({ ...moment, text }));

const momentAt = (at: Date | null, event: TimelineEvent): { at: Date; event: TimelineEvent }[] =>
  at ? [{ at, event }] : [];

/** Who wrote a message: our account through the API, the person, or our webhook's TwiML answer. */
export type Direction = 'outbound' | 'inbound' | 'reply';

/** The delivery statuses that the simulator gives a message, in Twilio's words. */
export const messageStatuses = [
  'accepted',
  'queued',
  'sending',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'canceled',
  'received',
  'read',
] as const;
export type MessageStatus = (typeof messageStatuses)[number];

/** One text message as the simulator keeps it; times are epoch milliseconds. */
export interface Message {
  /** Position in the order of all messages, from 1; never used twice. */
  readonly cursor: number;
  readonly sid: string;
  readonly direction: Direction;
  readonly to: string;
  readonly from: string;
  body: string;
  status: MessageStatus;
  errorCode: number | null;
  readonly messagingServiceSid: string | null;
  readonly statusCallback: string | null;
  readonly createdAt: number;
  sentAt: number | null;
  updatedAt: number;
}

/** A phone number in E.164 form, as Twilio wants it. */
export const e164 = /^\+[1-9]\d{6,14}$/;

const ranks: Record<MessageStatus, number> = {
  accepted: 0,
  queued: 1,
  sending: 2,
  sent: 3,
  received: 4,
  canceled: 4,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  read: 5,
};

/** How far along its way a message of this status is; a record never goes back to a lower rank. */
export const statusRank = (status: MessageStatus): number => ranks[status];

/** Whether the message is still with Twilio and can be cancelled. */
export const isWaiting = (message: Message): boolean => statusRank(message.status) < statusRank('sending');

/** Whether nothing more will happen to the message, so that it can be deleted. */
export const isComplete = (message: Message): boolean =>
  statusRank(message.status) >= statusRank('delivered');

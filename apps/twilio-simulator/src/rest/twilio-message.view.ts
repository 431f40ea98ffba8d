import type { Direction, Message } from '../messages/message.ts';
import { countSegments } from './segments.ts';
import { errorMessage } from './twilio.errors.ts';

/** The version of Twilio's API that the simulator speaks; part of paths, bodies and webhooks. */
export const apiVersion = '2010-04-01';

/** The path of an account, without the ending. */
export const accountPath = (accountSid: string) => `/${apiVersion}/Accounts/${accountSid}`;

/** The path of an account's messages, without the ending. */
export const messagesPath = (accountSid: string) => `${accountPath(accountSid)}/Messages`;

const directions: Record<Direction, string> = {
  outbound: 'outbound-api',
  inbound: 'inbound',
  reply: 'outbound-reply',
};

/** A message as Twilio's API shows it. */
export function toTwilioMessage(message: Message, accountSid: string) {
  const path = `${messagesPath(accountSid)}/${message.sid}`;
  return {
    account_sid: accountSid,
    api_version: apiVersion,
    body: message.body,
    date_created: rfc2822(message.createdAt),
    date_sent: message.sentAt === null ? null : rfc2822(message.sentAt),
    date_updated: rfc2822(message.updatedAt),
    direction: directions[message.direction],
    error_code: message.errorCode,
    error_message: message.errorCode === null ? null : errorMessage(message.errorCode),
    // A messaging service picks the sender only after it has accepted the message.
    from: message.status === 'accepted' ? null : message.from,
    messaging_service_sid: message.messagingServiceSid,
    num_media: '0',
    num_segments: String(countSegments(message.body)),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${path}/Media.json` },
    to: message.to,
    uri: `${path}.json`,
  };
}

const rfc2822 = (time: number) => new Date(time).toUTCString().replace('GMT', '+0000');

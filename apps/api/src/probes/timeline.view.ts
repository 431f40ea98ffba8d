import type { ReceivedTextView, TimelineEntry } from '#libs/contract/timeline.contract';
import type { LoggedMessage, LoggedText } from '#libs/db/queries/message-log';
import type { Moment } from '#libs/domain/timeline';
import { toTime, toTimeOrNull } from '../http/time.ts';
import { toMessageView } from '../messages/message.view.ts';

/** One moment of a check as the API shows it; what texts say is for the person's own eyes (`isOwn`). */
export function toTimelineEntry(moment: Moment<LoggedMessage, LoggedText>, isOwn: boolean): TimelineEntry {
  const { at, event, status, reason, contactId, message, text } = moment;
  return {
    at: toTime(at),
    event,
    ...(status && { status }),
    ...(reason && { reason }),
    ...(contactId !== undefined && { contact_id: contactId }),
    ...(message && { message: toMessageView(message, isOwn) }),
    ...(text && { text: toTextView(text, isOwn) }),
  };
}

const toTextView = (text: LoggedText, isOwn: boolean): ReceivedTextView => ({
  from: text.isFromPerson ? 'person' : 'contact',
  contact_id: text.contactId,
  sid: text.sid,
  effect: text.effect,
  sent_at: toTimeOrNull(text.sentAt),
  ...(isOwn && { body: text.body, reply: text.reply }),
});

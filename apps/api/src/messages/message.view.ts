import type { MessageView } from '#libs/contract/message.contract';
import type { LoggedMessage } from '#libs/db/queries/message-log';
import { toTime, toTimeOrNull } from '../http/time.ts';

/** A text that was sent as the API shows it; what it says is for the person's own eyes (`isOwn`), a code for nobody's. */
export const toMessageView = (message: LoggedMessage, isOwn: boolean): MessageView => ({
  uuid: message.uuid,
  probe_id: message.probeId,
  drill_id: message.drillId,
  kind: message.kind,
  to: message.isToPerson ? 'person' : 'contact',
  contact_id: message.contactId,
  sid: message.sid,
  status: message.status,
  error_code: message.errorCode,
  last_error: message.lastError,
  attempts: message.attempts,
  queued_at: toTime(message.queuedAt),
  accepted_at: toTimeOrNull(message.acceptedAt),
  sent_at: toTimeOrNull(message.sentAt),
  delivered_at: toTimeOrNull(message.deliveredAt),
  failed_at: toTimeOrNull(message.failedAt),
  // A code that still waits to be sent would open the account to whoever is only logged in.
  ...(isOwn && message.kind !== 'password_code' && { body: message.body }),
});

import { randomUUID } from 'node:crypto';
import type { DeliveryReport } from '#libs/db/queries/delivery-reports';
import type { InboundText } from '#libs/db/queries/inbound-texts';
import { AppError } from '#libs/domain/errors';

/** The fields of a webhook's form; a repeated one has all its values. */
export type TwilioForm = Partial<Record<string, string | string[]>>;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

// PostgreSQL can not keep U+0000 in text.
const field = (form: TwilioForm | undefined, name: string): string =>
  [form?.[name] ?? ''].flat()[0]!.replaceAll('\0', '');

/** Reads a text that came in. One without an id can not be recognised when it comes again: each counts as new. */
export function inboundText(form: TwilioForm | undefined): InboundText {
  const sid = field(form, 'MessageSid') || field(form, 'SmsSid') || `unknown-${randomUUID()}`;
  const optOutType = field(form, 'OptOutType') || null;
  return { sid, from: field(form, 'From'), body: field(form, 'Body'), optOutType };
}

/** Reads a delivery report. @throws AppError not_found for an address that can not be one of ours */
export function deliveryReport(uuid: string, form: TwilioForm | undefined): DeliveryReport {
  if (!UUID.test(uuid)) throw new AppError('not_found', 'there is no such message');
  const code = field(form, 'ErrorCode');
  return {
    uuid,
    sid: field(form, 'MessageSid') || field(form, 'SmsSid'),
    status: field(form, 'MessageStatus') || field(form, 'SmsStatus'),
    errorCode: /^\d{1,9}$/.test(code) ? Number(code) : null,
  };
}

import type { Message } from '../messages/message.ts';
import type { MessageStore } from '../messages/message.store.ts';
import { TwilioError } from './twilio.errors.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The query of a list request, by Twilio's parameter names. */
export type ListParams = Partial<
  Record<'To' | 'From' | 'DateSent' | 'DateSent<' | 'DateSent>' | 'PageSize' | 'Page' | 'PageToken', string>
>;

/** One page of messages, newest first; `nextToken` is absent on the last page. */
export interface MessageListPage {
  messages: Message[];
  page: number;
  pageSize: number;
  nextToken?: string;
}

/**
 * Reads one page. A page token names the last message that was seen, so messages that arrive meanwhile
 * neither repeat nor hide one. Dates mean whole UTC days, both ends included; a message that was not sent
 * yet has no such date (Twilio, "Message properties": `date_sent`) and so is in no list by date.
 * @throws TwilioError 20001 for a date or page number that cannot be read.
 */
export function listMessages(store: MessageStore, params: ListParams): MessageListPage {
  const pageSize = Math.min(wholeNumber('PageSize', params.PageSize, 50) || 50, 1000);
  const page = wholeNumber('Page', params.Page, 0);
  const from = dayStart('DateSent>', params['DateSent>']) ?? dayStart('DateSent', params.DateSent);
  const lastDay = dayStart('DateSent<', params['DateSent<']) ?? dayStart('DateSent', params.DateSent);
  const until = lastDay === undefined ? Infinity : lastDay + dayMs;
  const before = params.PageToken === undefined ? Infinity : cursorOf(params.PageToken);
  const isByDate = from !== undefined || lastDay !== undefined;
  let toSkip = params.PageToken === undefined ? page * pageSize : 0;

  const messages: Message[] = [];
  for (const message of store.newestFirst(
    { to: params.To || undefined, from: params.From || undefined },
    before,
  )) {
    if (isByDate && (message.sentAt === null || message.sentAt >= until || message.sentAt < (from ?? 0)))
      continue;
    if (toSkip > 0) toSkip -= 1;
    else if (messages.length < pageSize) messages.push(message);
    else return { messages, page, pageSize, nextToken: `PA${messages.at(-1)!.cursor}` };
  }
  return { messages, page, pageSize };
}

function dayStart(name: string, value: string | undefined): number | undefined {
  if (!value) return undefined;
  const time = Date.parse(`${value.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(time)) throw new TwilioError(400, 20001, `Invalid parameter ${name}`);
  return time;
}

function wholeNumber(name: string, value: string | undefined, fallback: number): number {
  if (!value) return fallback;
  if (!/^\d{1,9}$/.test(value)) throw new TwilioError(400, 20001, `Invalid parameter ${name}`);
  return Number(value);
}

function cursorOf(token: string): number {
  if (!/^PA\d{1,15}$/.test(token)) throw new TwilioError(400, 20001, 'Invalid parameter PageToken');
  return Number(token.slice(2));
}

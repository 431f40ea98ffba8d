import { z } from 'zod';
import { e164, messageStatuses } from '../messages/message.ts';

/** A phone number in E.164 form. */
export const PhoneNumber = z.string().regex(e164, 'must be a phone number such as +15551234567');

/** A Twilio message SID: SM (or MM) and 32 hex digits. */
const MessageSid = z.string().regex(/^(SM|MM)[0-9a-f]{32}$/, 'must be SM and 32 hex digits');

const milliseconds = z.coerce.number().int().min(0);

/** A text that a person sends; `sid` replays one, `signature` and `repeat` are for negative tests. */
export const PhoneText = z.strictObject({
  body: z.string().max(1600),
  sid: MessageSid.optional(),
  signature: z.enum(['wrong', 'none']).optional(),
  repeat: z.int().min(1).max(100).default(1),
});
export type PhoneText = z.infer<typeof PhoneText>;

/** Which messages a reader wants, and how long it waits for the first. */
export const MessagesQuery = z.strictObject({
  since: z.coerce.number().int().min(0).default(0),
  to: PhoneNumber.optional(),
  from: PhoneNumber.optional(),
  waitMs: milliseconds.max(30_000).default(0),
});

/** Where a reader of the callback log stands. */
export const CallbacksQuery = z.strictObject({ since: z.coerce.number().int().min(0).default(0) });

/** One status to send by hand. */
export const ManualCallback = z.strictObject({
  status: z.enum(messageStatuses),
  errorCode: z.int().min(10_000).max(99_999).optional(),
});

/**
 * A fault: for one number or all, a number of times, for a while, or until deleted. `on` says whether it
 * strikes sending, reading (fetch and list) or both; `status`, `code` and `retryAfter` (seconds) shape an
 * `error`, `code` the end of `undelivered` and `failed`, `delayMs` a late or reordered callback.
 */
export const FaultOrder = z
  .strictObject({
    kind: z.enum([
      'error',
      'hang',
      'drop',
      'callback-first',
      'callback-duplicate',
      'callback-late',
      'callback-reorder',
      'callback-none',
      'undelivered',
      'failed',
    ]),
    to: PhoneNumber.optional(),
    on: z.enum(['create', 'read', 'any']).default('create'),
    count: z.int().min(1).optional(),
    seconds: z.number().positive().optional(),
    status: z.int().min(400).max(599).optional(),
    code: z.int().min(10_000).max(99_999).optional(),
    retryAfter: z.int().min(0).optional(),
    delayMs: milliseconds.max(600_000).optional(),
  })
  .refine((order) => order.kind !== 'error' || order.status !== undefined || order.code !== undefined, {
    path: ['status'],
    message: 'or code must be given for an error',
  });
export type FaultOrder = z.infer<typeof FaultOrder>;

import { z } from 'zod';
import { query, timeField } from './fields.ts';
import { clientFields, pageFields } from './paging.ts';

const userMessage = 'user_id must be the integer id of a user';
const actionMessage = 'action must be like contacts.update';

/** The query of the audit log. */
export const AuditQuery = query({
  ...pageFields,
  ...clientFields,
  user_id: z
    .string(userMessage)
    .regex(/^[1-9]\d{0,8}$/, userMessage)
    .transform(Number)
    .optional()
    .meta({ description: 'Only what this user did, or what was done to them.' }),
  action: z
    .string(actionMessage)
    .regex(/^[a-z_]{1,64}(\.[a-z_]{1,64})?$/i, actionMessage)
    .optional()
    .meta({ description: 'Only this action, like contacts.update.' }),
}).meta({ id: 'AuditQuery', description: 'Which entries of the audit log.' });
export type AuditQuery = z.output<typeof AuditQuery>;

/** One entry of the audit log. */
export const AuditEntryView = z
  .object({
    id: z.int(),
    at: timeField(),
    action: z.string().meta({ description: 'What was done, like contacts.update.' }),
    result: z.enum(['done', 'refused']),
    actor_id: z.int().nullable().meta({ description: 'Who did it; null for nobody known.' }),
    client_id: z.int().nullable(),
    user_id: z.int().nullable().meta({ description: 'To whom.' }),
    target_id: z.string().nullable().meta({ description: 'The id of what of theirs.' }),
    fields: z.array(z.string()).meta({ description: 'The names of the fields that were given; no values.' }),
    address: z.string().meta({ description: 'The network address of the request.' }),
    request_id: z.string(),
  })
  .meta({ id: 'AuditEntry', description: 'Who did what to whom, when, and from where.' });
export type AuditEntryView = z.output<typeof AuditEntryView>;

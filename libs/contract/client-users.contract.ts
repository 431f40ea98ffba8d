import { z } from 'zod';
import { body, emailField, nameField, overFields, passwordField, phoneField } from './fields.ts';
import { roleField } from './role.contract.ts';
import { mustChangeField, UserView, wholeProfile } from './user.contract.ts';

/** At most this many accounts can be created at once. */
export const MAX_BULK_USERS = 100;

/** One of many new accounts; without a password its owner has to set one before they can log in. */
export const BulkUser = body(
  {
    email: emailField(),
    password: passwordField().optional(),
    first_name: nameField('first_name').optional(),
    last_name: nameField('last_name').optional(),
    phone_number: phoneField().optional(),
    role: roleField().optional(),
    must_change_password: mustChangeField(),
  },
  'each of users',
).check(...wholeProfile(() => true));
export type BulkUser = z.output<typeof BulkUser>;

const list = (name: string) =>
  z
    .array(z.unknown(), `${name} must be a list`)
    .min(1, `${name} must not be empty`)
    .max(MAX_BULK_USERS, `${name} must be at most ${MAX_BULK_USERS}`);

/** Many new accounts; each entry is judged by itself, so that one that is wrong does not stop the others. */
export const CreateUsers = body({
  users: list('users')
    .optional()
    .meta({ description: 'Each with an email; password, role, and the whole profile or none of it.' }),
  emails: list('emails').optional().meta({ description: 'The same as users with nothing but an email.' }),
})
  .check(
    overFields(
      ({ users, emails }) => (users === undefined) !== (emails === undefined),
      'either users or emails is required',
    ),
  )
  .meta({
    id: 'CreateUsers',
    description: `Up to ${MAX_BULK_USERS} new accounts.`,
    examples: [
      { emails: ['stark@avengers.com', 'hulk@avengers.com'] },
      { users: [{ email: 'stark@avengers.com', password: 'very-secure', role: 'viewer' }] },
    ],
  });
export type CreateUsers = z.output<typeof CreateUsers>;

/** What became of one of many new accounts, in the order of the request. */
export const BulkUserResult = z
  .object({
    success: z.boolean(),
    email: z.string().nullable().meta({ description: 'As it was given; null when it was no text.' }),
    data: UserView.optional(),
    errors: z.array(z.string()).optional(),
    error_codes: z.array(z.string()).optional(),
  })
  .meta({ id: 'BulkUserResult', description: 'What became of one of many new accounts.' });
export type BulkUserResult = z.output<typeof BulkUserResult>;

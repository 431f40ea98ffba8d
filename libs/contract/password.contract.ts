import { z } from 'zod';
import { body, overFields, passwordAttemptField, passwordField, textField } from './fields.ts';

const accountField = () =>
  textField('email').trim().toLowerCase().min(1, 'email is required').max(254, 'email is too long');

/** Whose password was forgotten. */
export const ForgotPassword = body({ email: accountField() }).meta({
  id: 'ForgotPassword',
  description: 'Whose password was forgotten.',
  examples: [{ email: 'stark@avengers.com' }],
});
export type ForgotPassword = z.output<typeof ForgotPassword>;

/** The code that came by text or mail, and the password to be set. */
export const ResetPassword = body({
  email: accountField(),
  code: textField('code').min(1, 'code is required').max(64, 'code is too long'),
  password: passwordField(),
}).meta({
  id: 'ResetPassword',
  description: 'The code that came by text or mail, and the password to be set.',
  examples: [{ email: 'stark@avengers.com', code: '12345678', password: 'even-safer' }],
});
export type ResetPassword = z.output<typeof ResetPassword>;

/** The present password and another one; with an address for who has no token yet. */
export const ChangePassword = body({
  email: accountField().optional().meta({
    description:
      'Only without a token: the account whose password has to be changed before its first log-in.',
  }),
  password: passwordAttemptField(),
  new_password: passwordField('new_password'),
})
  .check(
    overFields(
      ({ password, new_password }) => password === undefined || password !== new_password,
      'new_password must be another one than password',
    ),
  )
  .meta({
    id: 'ChangePassword',
    description: 'The present password and another one.',
    examples: [{ password: 'very-secure', new_password: 'even-safer' }],
  });
export type ChangePassword = z.output<typeof ChangePassword>;

/** Another password, for who has just logged in with the present one. */
export const ReplacePassword = body({ new_password: passwordField('new_password') });
export type ReplacePassword = z.output<typeof ReplacePassword>;

/** That a password was changed, with another access token for the session that goes on. */
export const ChangedPassword = z
  .object({
    token: z.string().nullable().meta({
      description:
        'In place of the one that the request was made with, which has ended; null when it was made with a key or without a token.',
    }),
    expires_in: z.int().nullable().meta({ description: 'Seconds for which it is good.' }),
  })
  .meta({
    id: 'ChangedPassword',
    description: 'Another access token for the session that goes on; its refresh token stays good.',
  });
export type ChangedPassword = z.output<typeof ChangedPassword>;

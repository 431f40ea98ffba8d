import { z } from 'zod';
import { body, flagField, passwordAttemptField, textField, timeField } from './fields.ts';

/** Credentials; nothing about them is judged here that could tell which half is wrong. */
export const Login = body({
  email: textField('email').trim().toLowerCase().min(1, 'email is required').max(254, 'email is too long'),
  password: passwordAttemptField(),
}).meta({
  id: 'Login',
  description: 'Credentials.',
  examples: [{ email: 'stark@avengers.com', password: 'very-secure' }],
});
export type Login = z.output<typeof Login>;

/** An access token for the Authorization header, and what it is renewed with. */
export const Token = z
  .object({
    token: z.string().meta({ description: 'An access token (JWT, RS256).' }),
    refresh_token: z.string().meta({ description: 'Gives new tokens at `/v1/auth/refresh`, once.' }),
    expires_in: z.int().meta({ description: 'Seconds for which the access token is good.' }),
  })
  .meta({
    id: 'Token',
    description: 'An access token, and what it is renewed with.',
    examples: [
      {
        token: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln',
        refresh_token: `krr_${'x'.repeat(43)}`,
        expires_in: 3600,
      },
    ],
  });
export type Token = z.output<typeof Token>;

/** The refresh token of a session, to be changed for new tokens. */
export const Refresh = body({
  refresh_token: textField('refresh_token')
    .trim()
    .min(1, 'refresh_token is required')
    .max(512, 'refresh_token is too long'),
}).meta({
  id: 'Refresh',
  description: 'A refresh token; it can be used once.',
  examples: [{ refresh_token: `krr_${'x'.repeat(43)}` }],
});
export type Refresh = z.output<typeof Refresh>;

/** What to log out of: this session, or all. */
export const Logout = body({
  all: flagField('all').default(false),
})
  .prefault({})
  .meta({
    id: 'Logout',
    description: 'What to log out of: the session of this token, or all sessions. API keys stay.',
    examples: [{ all: true }],
  });
export type Logout = z.output<typeof Logout>;

/** A session with a key instead of tokens; the names are those of the source system. */
export const SessionKey = z
  .object({
    id: z.uuid().meta({ description: 'The session, to end it.' }),
    user: z.uuid(),
    key: z.string().meta({ description: 'For the `X-Api-Key` header; shown only here.' }),
    validUntil: timeField(),
  })
  .meta({
    id: 'SessionKey',
    description: 'A session with a key instead of tokens.',
    examples: [
      {
        id: '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d',
        user: '0c5f6f0e-8a39-4a5e-8f0b-2f7f1c9d8e7a',
        key: `kro_${'x'.repeat(43)}`,
        validUntil: '2026-11-21T15:00:00.000Z',
      },
    ],
  });
export type SessionKey = z.output<typeof SessionKey>;

/** One session of the caller that has not ended. */
export const SessionView = z
  .object({
    id: z.uuid().meta({ description: 'To end it: `DELETE /v1/users/sessions/{id}`.' }),
    kind: z.enum(['tokens', 'key']).meta({ description: 'Whether it is renewed by tokens, or has one key.' }),
    is_current: z.boolean().meta({ description: 'Whether this request was made in it.' }),
    created_at: timeField(),
    last_used_at: timeField().meta({
      description: 'When its tokens were last renewed, or its key used (to the minute).',
    }),
    expires_at: timeField().meta({ description: 'When it ends unless its tokens are renewed.' }),
  })
  .meta({ id: 'Session', description: 'A log-in that has not ended.' });
export type SessionView = z.output<typeof SessionView>;

import { z } from 'zod';
import { body, passwordAttemptField, textField } from './fields.ts';

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

/** An access token for the Authorization header. */
export const Token = z.object({ token: z.string() }).meta({
  id: 'Token',
  description: 'An access token (JWT, RS256).',
  examples: [{ token: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln' }],
});
export type Token = z.output<typeof Token>;

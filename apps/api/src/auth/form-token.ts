import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The hidden field of a form that has to hold what the cookie does. */
export const FORM_TOKEN = 'form_token';

const COOKIE = 'kronus-form';
const FORM = /^[\w-]{43}$/;

/**
 * The value for the hidden field of a form, which is also set as a cookie: another site can make a browser send a form,
 * but neither read the cookie nor have it sent along. Forms in several tabs share it.
 */
export function issueFormToken(request: FastifyRequest, reply: FastifyReply, isHttps: boolean): string {
  const token = cookieOf(request) ?? randomBytes(32).toString('base64url');
  reply.header(
    'Set-Cookie',
    `${COOKIE}=${token}; Path=/login; HttpOnly; SameSite=Strict; Max-Age=3600${isHttps ? '; Secure' : ''}`,
  );
  return token;
}

/** Whether a form was sent from a page of ours. */
export function hasFormToken(request: FastifyRequest, given: unknown): boolean {
  const kept = cookieOf(request);
  if (kept === null || typeof given !== 'string' || !FORM.test(given)) return false;
  return timingSafeEqual(Buffer.from(kept), Buffer.from(given));
}

function cookieOf({ headers }: FastifyRequest): string | null {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=');
    if (name === COOKIE && value !== undefined && FORM.test(value)) return value;
  }
  return null;
}

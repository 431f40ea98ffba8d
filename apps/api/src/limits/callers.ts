import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** A short digest that stands for a secret or a name where neither may be written. */
export const digest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 22);

/** What a request shows to prove who makes it, as it stands in its headers; null when it shows nothing. */
export function credentialOf({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
  const key = headers['x-api-key'];
  if (key !== undefined) return `key ${String(key)}`;
  const authorization = headers.authorization?.trim().replace(/^bearer\s+/i, '');
  return authorization ? authorization : null;
}

/** A token (three parts with dots) is one of many of a user; anything else is an API key, which counts for itself. */
const isToken = (credential: string) => /^[^.\s]+\.[^.\s]+\.[^.\s]*$/.test(credential);

/** For whom a request with this good credential is counted: for the key, else for the user. */
export const callerOf = (credential: string, user: { id: number }): string =>
  isToken(credential) ? `user:${user.id}` : `key:${digest(credential)}`;

/** For whom a request without a good credential is counted: its address, of IPv6 the network that one customer gets (/64). */
export function addressOf(ip: string): string {
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return `address:${plain}`;
  return `address:${isIPv6(plain) ? networkOf(plain) : 'unknown'}`;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail ? tail.split(':') : [];
  const missing = tail === undefined ? 0 : 8 - groups.length - last.length;
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...last]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

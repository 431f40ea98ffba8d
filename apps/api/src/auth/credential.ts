import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '#libs/domain/errors';
import { isSecret } from '#libs/security/secret';

/** What a request identifies its caller by. */
export type Credential = { kind: 'token'; token: string } | { kind: 'key'; key: string };

/**
 * The credential of a request: `Authorization: Bearer <token or key>`, `Authorization: <token or key>` or
 * `X-Api-Key: <key>`; null when there is none or another scheme is named.
 * @throws AppError validation when there are several, because only a mistake or an attack sends them
 */
export function credentialOf(headers: IncomingHttpHeaders): Credential | null {
  const key = apiKeyOf(headers['x-api-key']);
  const bearer = bearerOf(headers.authorization);
  if (key !== null && bearer !== null) {
    throw new AppError('validation', 'give either Authorization or X-Api-Key, not both');
  }
  if (key !== null) return { kind: 'key', key };
  if (bearer === null) return null;
  return isSecret('kro', bearer) ? { kind: 'key', key: bearer } : { kind: 'token', token: bearer };
}

/** Repeated header fields arrive as one, with commas between; no key holds a comma. */
function apiKeyOf(header: string | string[] | undefined): string | null {
  const value = [header ?? ''].flat().join(',').trim();
  if (value.includes(',')) throw new AppError('validation', 'X-Api-Key must be given once');
  return value === '' ? null : value;
}

function bearerOf(header: string | undefined): string | null {
  const [first, second, ...rest] = header?.trim().split(/\s+/) ?? [];
  if (!first || rest.length > 0) return null;
  if (second === undefined) return first.toLowerCase() === 'bearer' ? null : first;
  return first.toLowerCase() === 'bearer' ? second : null;
}

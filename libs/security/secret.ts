import { hash, randomBytes } from 'node:crypto';

/** What an opaque secret is for; stands at its beginning, so that people and scanners recognise a leaked one. */
export type SecretKind = 'kro' | 'krr' | 'krb' | 'krc';

/** An opaque secret that was just made. */
export interface NewSecret {
  /** The secret itself: shown to its owner once, and kept nowhere. */
  value: string;
  /** Its readable beginning: the kind and 8 of its 43 characters. */
  prefix: string;
  /** Its digest, which is what is kept. */
  hash: string;
}

const SECRET_BYTES = 32;
const PREFIX_LENGTH = 12;
const FORM = /^(kro|krr|krb|krc)_[\w-]{43}$/;

/** Makes a secret of 256 random bits: `kro` an API key, `krr` a refresh token, `krb` a browser's cookie, `krc` an OAuth code. */
export function newSecret(kind: SecretKind): NewSecret {
  const value = `${kind}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { value, prefix: value.slice(0, PREFIX_LENGTH), hash: digestOf(value) };
}

/**
 * The digest by which a secret is kept and found: SHA-256, without salt or stretching. Those slow down guessing, which
 * a password needs; nobody guesses 256 random bits. Looking a digest up in an index tells no more by its time than how
 * much of the digest was right, and whoever tries cannot choose digests, only secrets.
 */
export const digestOf = (secret: string): string => hash('sha256', secret, 'base64url');

/** Whether a text has the form of a secret of this kind; one that has not need not be looked up. */
export const isSecret = (kind: SecretKind, text: string): boolean => FORM.exec(text)?.[1] === kind;

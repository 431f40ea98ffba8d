import type { KeyObject } from 'node:crypto';
import { z } from 'zod';

// The messages complete the sentence "<key> …" and never hold the text, which may be a secret.

/** Text without white space around it. */
export const text = z.string().trim();

/** A whole number within bounds, both included. */
export const wholeNumber = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return text
    .regex(/^\d{1,10}$/, { message, abort: true })
    .transform(Number)
    .pipe(z.number().min(least, message).max(most, message));
};

/** A port; 0 takes a free one. */
export const portNumber = wholeNumber(0, 65535);

/** Yes or no. */
export const flag = text
  .toLowerCase()
  .pipe(z.enum(['true', 'false'], 'must be true or false'))
  .transform((value) => value === 'true');

/** An address with one of these schemes. */
export const urlOf = (schemes: readonly string[], message: string) =>
  text.refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol), message);

/** A web address, without slashes at its end. */
export const webUrl = urlOf(
  ['http:', 'https:'],
  'must be an address that begins with http:// or https://',
).transform((value) => value.replace(/\/+$/, ''));

const minimumRsaBits = 2048;

/** An RSA key that is long enough, in a PEM that `read` understands; `what` says which that is. */
export const rsaPem = (read: (pem: string) => KeyObject, what: string) =>
  z
    .string()
    // One-line variables carry line breaks as \n.
    .transform((value) => value.replaceAll('\\n', '\n').trim())
    .superRefine((pem, context) => {
      const key = (() => {
        try {
          return read(pem);
        } catch {
          return undefined;
        }
      })();
      if (key?.asymmetricKeyType !== 'rsa') {
        context.addIssue(`must be ${what}`);
      } else if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < minimumRsaBits) {
        context.addIssue(`must be an RSA key of at least ${minimumRsaBits} bits`);
      }
    });

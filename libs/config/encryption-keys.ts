import { z } from 'zod';

/** A key of AES-256. */
const KEY_BYTES = 32;
const ENTRY = /^([\w.-]{1,64}):(.*)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What is wrong with a key of AES-256 in base64, without the text itself; null when it is one. */
function keyFault(text: string): string | null {
  if (!BASE64.test(text)) return 'is not base64';
  const bytes = Buffer.from(text, 'base64').length;
  return bytes === KEY_BYTES ? null : `has ${bytes} bytes`;
}

/** Reads one key of AES-256 in base64. */
export const encryptionKey = z
  .string()
  .trim()
  .superRefine((text, context) => {
    const fault = keyFault(text);
    if (fault) context.addIssue(`must be base64 of ${KEY_BYTES} bytes: it ${fault}`);
  });

/** Reads `<id>:<base64>` with commas between into a list in that order; the faults name a key by its place, because what is wrong may be the key itself. */
export const encryptionKeys = z.string().transform((value, context) => {
  const keys = value.split(',').map((part) => {
    const [, id, key] = ENTRY.exec(part.trim()) ?? [];
    return { id, key };
  });
  const faults = keys.flatMap(({ id, key }, index) => {
    const name = `key ${index + 1}`;
    if (id === undefined || key === undefined)
      return [`${name} has no id of letters, digits, dots, dashes or underscores before a colon`];
    const isKnown = keys.findIndex((each) => each.id === id) < index;
    const fault = keyFault(key);
    return [...(isKnown ? [`${name} has the id "${id}" again`] : []), ...(fault ? [`${name} ${fault}`] : [])];
  });
  if (faults.length > 0) {
    context.addIssue(
      `must be a list of <id>:<base64 of ${KEY_BYTES} bytes> with commas between: ${faults.join(', ')}`,
    );
  }
  return keys as { id: string; key: string }[];
});

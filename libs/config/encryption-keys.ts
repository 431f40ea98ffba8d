import { z } from 'zod';

/** A key of AES-256. */
const KEY_BYTES = 32;
const ENTRY = /^([\w.-]{1,64}):(.*)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

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
    const isBase64 = BASE64.test(key);
    const bytes = Buffer.from(key, 'base64').length;
    return [
      ...(isKnown ? [`${name} has the id "${id}" again`] : []),
      ...(isBase64 ? [] : [`${name} is not base64`]),
      ...(isBase64 && bytes !== KEY_BYTES ? [`${name} has ${bytes} bytes`] : []),
    ];
  });
  if (faults.length > 0) {
    context.addIssue(
      `must be a list of <id>:<base64 of ${KEY_BYTES} bytes> with commas between: ${faults.join(', ')}`,
    );
  }
  return keys as { id: string; key: string }[];
});

import { z } from 'zod';

const Key = z
  .looseObject({ kty: z.string(), kid: z.string(), use: z.literal('sig'), alg: z.string() })
  .meta({ id: 'Key', description: 'A public key (RFC 7517).' });

/** A bare key set (RFC 7517). */
export const KeySet = z
  .object({ keys: z.array(Key) })
  .meta({ id: 'KeySet', description: 'A key set (RFC 7517).' });

/** A key set that is also an answer in the envelope: the keys stand at the top, and in `data`. */
export const KeySetAnswer = z
  .object({ success: z.literal(true), keys: z.array(Key), data: KeySet, request_id: z.string() })
  .meta({ id: 'KeySetAnswer', description: 'A key set in the envelope, and at its top.' });

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals secrets that must be kept and read again (AES-256-GCM): base64 of `IV (96 random bits) | ciphertext | tag (128
 * bits)`. The place where a secret is kept is authenticated with it, so that one cannot be moved to another place.
 */
export class SecretBox {
  readonly #key: Buffer;

  /** @param key base64 of 32 bytes */
  constructor(key: string) {
    this.#key = Buffer.from(key, 'base64');
  }

  /** Seals a secret for one place, such as `client/<uuid>/github_token`; the same secret looks different each time. */
  seal(secret: string, place: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place));
    return Buffer.concat([iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
      'base64',
    );
  }

  /** The secret that was sealed for this place. @throws Error when it was changed or moved, or the key is another one */
  open(sealed: string, place: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const iv = bytes.subarray(0, IV_BYTES);
      const decipher = createDecipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const encrypted = bytes.subarray(IV_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
    } catch {
      throw new Error(`the secret of ${place} cannot be opened: it was changed, or the key is another one`);
    }
  }
}

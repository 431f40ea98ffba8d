import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

/** A key by its id, which is no secret and stands beside whatever the key encrypted; `key` is base64 of 32 bytes. */
export interface EncryptionKey {
  id: string;
  key: string;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The names that Temporal's own examples use, so that its pages can tell what this is. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

const { Payload: Proto } = proto.temporal.api.common.v1;

/**
 * Encrypts everything that Temporal keeps of inputs, results, signals, memos and (by the failure converter) failures
 * with AES-256-GCM: the first key encrypts, all decrypt, by the id in the metadata. What was never encrypted passes
 * through, so that encryption can be switched on under running workflows.
 *
 * A payload becomes `IV (96 random bits) | ciphertext | tag (128 bits)` of its protobuf form. The encoding and the key's
 * id are authenticated with it.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #first: EncryptionKey;
  readonly #keys: Map<string, Buffer>;

  constructor(keys: readonly [EncryptionKey, ...EncryptionKey[]]) {
    this.#first = keys[0];
    this.#keys = new Map(keys.map(({ id, key }) => [id, Buffer.from(key, 'base64')]));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#encrypt(payload));
  }

  /** @throws ValueError when the key is not known (naming its id), or when the payload was changed */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) =>
      textOf(payload.metadata?.encoding) === ENCODING ? this.#decrypt(payload) : payload,
    );
  }

  #encrypt(payload: Payload): Payload {
    const { id } = this.#first;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#keys.get(id)!, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(authenticated(id));
    const plain = Proto.encode(payload).finish();
    const data = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) }, data };
  }

  #decrypt({ metadata, data }: Payload): Payload {
    const id = textOf(metadata?.[KEY_ID]);
    const key = this.#keys.get(id);
    if (!key) throw new ValueError(`a payload is encrypted with the key "${id}", which is not configured`);
    const bytes = Buffer.from(data ?? []);
    try {
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(authenticated(id));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const encrypted = bytes.subarray(IV_BYTES, -TAG_BYTES);
      return Proto.decode(Buffer.concat([decipher.update(encrypted), decipher.final()]));
    } catch {
      throw new ValueError(
        `a payload cannot be decrypted with the key "${id}": it was changed, or the key is another one`,
      );
    }
  }
}

const authenticated = (keyId: string): Buffer => Buffer.from(`${ENCODING}\0${keyId}`);

const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

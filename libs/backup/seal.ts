import { ReadableStream } from 'node:stream/web';
import {
  createMessage,
  decrypt,
  decryptSessionKeys,
  encrypt,
  enums,
  readMessage,
  type PartialConfig,
} from 'openpgp';

// What GnuPG 2.2 opens too: a packet with a modification detection code (SEIPD version 1), a key from the pass phrase by
// iterated SHA-256.
const SEALING: PartialConfig = {
  aeadProtect: false,
  preferredSymmetricAlgorithm: enums.symmetric.aes256,
  preferredCompressionAlgorithm: enums.compression.uncompressed,
  s2kType: enums.s2k.iterated,
};

/** The name that GnuPG shows, and takes for `--use-embedded-filename`. */
const INNER_NAME = 'kronus.tar.zst';

/** Encrypts a stream with a pass phrase, as an OpenPGP message (AES-256). */
export async function* seal(
  plain: AsyncIterable<Uint8Array>,
  passPhrase: string,
  now: Date,
): AsyncGenerator<Uint8Array> {
  const message = await createMessage({
    // Pulls block by block; Node's own conversion would read ahead without a limit.
    binary: ReadableStream.from(plain) as ReadableStream<Uint8Array>,
    filename: INNER_NAME,
    date: now,
  });
  const sealed = await encrypt({
    message,
    passwords: [passPhrase],
    format: 'binary',
    date: now,
    config: SEALING,
  });
  yield* sealed as unknown as AsyncIterable<Uint8Array>;
}

/** What opens the data of an archive. */
export interface SessionKey {
  data: Uint8Array;
  algorithm: 'aes256';
}

/**
 * Takes the session key out of its packet, which is the slow part of a pass phrase and needed once only.
 * @returns undefined when the pass phrase does not open it
 */
export async function openKey(keyPacket: Uint8Array, passPhrase: string): Promise<SessionKey | undefined> {
  try {
    const message = await readMessage({ binaryMessage: keyPacket });
    const keys = await decryptSessionKeys({ message, passwords: [passPhrase] });
    const key = keys.find(({ algorithm }) => algorithm === 'aes256');
    return key && { data: key.data, algorithm: 'aes256' };
  } catch {
    return undefined;
  }
}

/** Whoever reads must not believe anything before the end, where the seal is. */
const UNSEALING: PartialConfig = { allowUnauthenticatedStream: true };

/**
 * Decrypts a stream. It breaks at its very end when anything in it was changed, so nothing that it gives may be believed
 * before that end was reached once.
 */
export async function* unseal(
  sealed: AsyncIterable<Uint8Array>,
  key: SessionKey,
): AsyncGenerator<Uint8Array> {
  const message = await readMessage({
    binaryMessage: ReadableStream.from(sealed) as ReadableStream<Uint8Array>,
    config: UNSEALING,
  });
  const { data } = await decrypt({ message, sessionKeys: [key], format: 'binary', config: UNSEALING });
  yield* data as unknown as AsyncIterable<Uint8Array>;
}

import { createDecipheriv } from 'node:crypto';
import { archiveFault } from './backup-fault.ts';

/** Something of which bytes can be looked at, wherever they are. */
export interface Peekable {
  name: string;
  bytes: number;
  /** At most `length` bytes from `position` on. */
  peek(position: number, length: number): Promise<Buffer>;
}

/** Where things are in an archive as it is stored. */
export interface Container {
  /** The packet with the session key (SKESK), encrypted with the pass phrase. */
  keyPacket: Buffer;
  /** The first bytes of what the session key opens. */
  cipherHead: Buffer;
}

// RFC 4880, as `seal` writes it. Tag 3 with its length, version 4, AES-256, a salted and iterated key of SHA-256; after
// salt, count and the encrypted session key comes tag 18, and in it version 1.
const KEY_PACKET_START = Buffer.from([0xc3, 0x2e, 4, 9, 3, 8]);
const KEY_PACKET_BYTES = 48;
const DATA_TAG = 0xd2;
const DATA_VERSION = 1;
const PREFIX_BYTES = 18;
const GREATEST_LENGTH_FIELD = 5;

/**
 * Looks whether an object has the outer form of our archives and reaches to its own end; reads only lengths.
 * @throws BackupFault foreign, truncated, corrupt
 */
export async function readContainer(object: Peekable): Promise<Container> {
  const keyPacket = await object.peek(0, KEY_PACKET_BYTES);
  const start = keyPacket.subarray(0, KEY_PACKET_START.length);
  if (!start.equals(KEY_PACKET_START.subarray(0, start.length))) {
    throw archiveFault.foreign(object.name, 'it does not begin like one');
  }
  if (object.bytes <= KEY_PACKET_BYTES) throw archiveFault.truncated(object.name);
  const [tag] = await object.peek(KEY_PACKET_BYTES, 1);
  if (tag !== DATA_TAG) throw archiveFault.foreign(object.name, 'no encrypted data follows its key');

  const first = await readLength(object, KEY_PACKET_BYTES + 1);
  const head = await object.peek(first.bodyAt, 1 + PREFIX_BYTES);
  await expectWhole(object, first);
  if (head[0] !== DATA_VERSION)
    throw archiveFault.foreign(object.name, 'its encrypted data is of another kind');
  return { keyPacket, cipherHead: head.subarray(1) };
}

interface Part {
  bodyAt: number;
  bytes: number;
  isLast: boolean;
}

/** Follows the parts of the data packet to its end, which must be that of the object. */
async function expectWhole(object: Peekable, first: Part): Promise<void> {
  let part = first;
  for (;;) {
    const end = part.bodyAt + part.bytes;
    if (end > object.bytes || (end === object.bytes && !part.isLast))
      throw archiveFault.truncated(object.name);
    if (part.isLast && end < object.bytes) {
      throw archiveFault.corrupt(object.name, 'something stands behind its end');
    }
    if (part.isLast) return;
    part = await readLength(object, end);
  }
}

/** A length of the new packet format (RFC 4880, 4.2.2). */
async function readLength(object: Peekable, at: number): Promise<Part> {
  const field = await object.peek(at, GREATEST_LENGTH_FIELD);
  const [octet = 0] = field;
  const size = octet < 192 || (octet >= 224 && octet < 255) ? 1 : octet < 224 ? 2 : GREATEST_LENGTH_FIELD;
  if (field.length < size) throw archiveFault.truncated(object.name);
  const isLast = size > 1 || octet < 192;
  const bytes = !isLast
    ? 2 ** (octet & 0x1f)
    : size === 1
      ? octet
      : size === 2
        ? ((octet - 192) << 8) + field[1]! + 192
        : field.readUInt32BE(1);
  return { bodyAt: at + size, bytes, isLast };
}

/**
 * Whether a session key opens the data: the random start of the plain text repeats its last two bytes (RFC 4880, 5.13).
 * One wrong key in 65,536 passes; the seal at the end tells.
 */
export function fitsKey({ cipherHead }: Container, sessionKey: Uint8Array): boolean {
  const decipher = createDecipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16));
  const prefix = decipher.update(cipherHead);
  return prefix[14] === prefix[16] && prefix[15] === prefix[17];
}

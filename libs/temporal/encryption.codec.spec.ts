import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { EncryptionCodec, type EncryptionKey } from './encryption.codec.ts';

const key = (id: string, byte: number): EncryptionKey => ({
  id,
  key: Buffer.alloc(32, byte).toString('base64'),
});
const [old, current] = [key('2025', 1), key('2026', 2)];
const plain = (value: unknown) => defaultPayloadConverter.toPayload(value)!;
const valueOf = (payload: Payload) => defaultPayloadConverter.fromPayload(payload);

const encrypt = async (codec: EncryptionCodec, value: unknown) => (await codec.encode([plain(value)]))[0]!;
const decrypt = async (codec: EncryptionCodec, payload: Payload) =>
  valueOf((await codec.decode([payload]))[0]!);

describe('the encryption of payloads', () => {
  const codec = new EncryptionCodec([current]);

  it.each([{ userId: 7 }, 'Tony 👍', null, [1, 'two'], Buffer.from([0, 255, 7]), 'x'.repeat(100_000)])(
    'gives back what it was given',
    async (value) => {
      expect(await decrypt(codec, await encrypt(codec, value))).toEqual(value);
    },
  );

  it('keeps the order, and nothing for nothing', async () => {
    const encrypted = await codec.encode([1, 2, 3].map(plain));
    expect((await codec.decode(encrypted)).map(valueOf)).toEqual([1, 2, 3]);
    expect([await codec.encode([]), await codec.decode([])]).toEqual([[], []]);
  });

  it('shows nothing but the encoding and the id of the key', async () => {
    const { metadata, data } = await encrypt(codec, { userId: 7 });
    expect(Object.entries(metadata!).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['encoding', 'binary/encrypted'],
      ['encryption-key-id', '2026'],
    ]);
    for (const readable of ['userId', 'json/plain'])
      expect(Buffer.from(data!).includes(readable)).toBe(false);
  });

  it('is another one each time', async () => {
    const [one, two] = [await encrypt(codec, 'same'), await encrypt(codec, 'same')];
    expect(Buffer.compare(Buffer.from(one.data!), Buffer.from(two.data!))).not.toBe(0);
  });

  it('lets through what was never encrypted', async () => {
    const foreign = plain({ userId: 7 });
    expect(await codec.decode([foreign, { data: Buffer.from('x') }])).toEqual([
      foreign,
      { data: Buffer.from('x') },
    ]);
  });
});

describe('the rotation of keys', () => {
  it('encrypts with the first and decrypts with all', async () => {
    const before = await encrypt(new EncryptionCodec([old]), 'before');
    const rotated = new EncryptionCodec([current, old]);
    const after = await encrypt(rotated, 'after');
    expect([await decrypt(rotated, before), await decrypt(rotated, after)]).toEqual(['before', 'after']);
    expect(await decrypt(new EncryptionCodec([current]), after)).toBe('after');
  });

  it('names the key that is missing, and shows none', async () => {
    const before = await encrypt(new EncryptionCodec([old]), 'before');
    const error: Error = await new EncryptionCodec([current]).decode([before]).then(
      () => new Error('it was decrypted'),
      (thrown: Error) => thrown,
    );
    expect(error.message).toBe('a payload is encrypted with the key "2025", which is not configured');
    expect(error.stack).not.toContain(old.key);
  });
});

describe('tampering', () => {
  const codec = new EncryptionCodec([current, old]);
  const changed = (bytes: Uint8Array, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };

  it.each([
    ['the IV', 0],
    ['the text', 12],
    ['the tag', -1],
  ])('with %s is noticed', async (_, at) => {
    const payload = await encrypt(codec, 'yes');
    const data = changed(payload.data!, at < 0 ? payload.data!.length + at : at);
    await expect(codec.decode([{ ...payload, data }])).rejects.toThrow('it was changed');
  });

  it('with the id of the key is noticed, even where both ids have the same key', async () => {
    const twins = new EncryptionCodec([current, { ...current, id: 'twin' }]);
    const payload = await encrypt(twins, 'yes');
    const metadata = { ...payload.metadata, 'encryption-key-id': Buffer.from('twin') };
    await expect(twins.decode([{ ...payload, metadata }])).rejects.toThrow('it was changed');
  });

  it.each([0, 5, 12, 27])('by cutting it to %i bytes is noticed', async (length) => {
    const payload = await encrypt(codec, 'yes');
    const data = payload.data!.subarray(0, length);
    await expect(codec.decode([{ ...payload, data }])).rejects.toThrow('cannot be decrypted');
  });
});

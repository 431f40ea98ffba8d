import { expect, it } from '@jest/globals';
import { SecretBox } from './secret-box.ts';

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const box = new SecretBox(key(1));
const place = 'client/1/github_token';

it.each(['', 'a', 'ghp_0123456789', 'ünïcode 😀', 'x'.repeat(2_000)])(
  'gives back what it sealed: %j',
  (secret) => expect(box.open(box.seal(secret, place), place)).toBe(secret),
);

it('shows nothing, and not even that two secrets are the same', () => {
  const sealed = box.seal('ghp_secret', place);
  expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('secret');
  expect(box.seal('ghp_secret', place)).not.toBe(sealed);
});

it('opens nothing that was changed in any byte, moved, cut or sealed with another key', () => {
  const sealed = Buffer.from(box.seal('secret', place), 'base64');
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(() => box.open(changed.toString('base64'), place)).toThrow('cannot be opened');
  }
  const text = sealed.toString('base64');
  expect(() => box.open(text, 'client/2/github_token')).toThrow('cannot be opened');
  expect(() => new SecretBox(key(2)).open(text, place)).toThrow('cannot be opened');
  for (const cut of ['', text.slice(0, 8), text.slice(0, -8)]) {
    expect(() => box.open(cut, place)).toThrow('cannot be opened');
  }
});

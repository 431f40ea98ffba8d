import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { digestOf, isSecret, newSecret } from './secret.ts';

describe('a secret', () => {
  it('is 256 random bits after its kind, and never the same', () => {
    const values = Array.from({ length: 100 }, () => newSecret('kro').value);
    for (const value of values) expect(value).toMatch(/^kro_[\w-]{43}$/);
    expect(Buffer.from(values[0]!.slice(4), 'base64url')).toHaveLength(32);
    expect(new Set(values).size).toBe(100);
  });

  it('shows 8 characters, and is kept as its SHA-256 digest', () => {
    const { value, prefix, hash } = newSecret('krr');
    expect(prefix).toBe(value.slice(0, 12));
    expect(hash).toBe(createHash('sha256').update(value).digest('base64url'));
    expect(hash).toHaveLength(43);
    expect(digestOf(value)).toBe(hash);
  });

  it.each([
    ['kro', newSecret('kro').value, true],
    ['krr', newSecret('kro').value, false],
    ['kro', `${newSecret('kro').value}x`, false],
    ['kro', newSecret('kro').value.slice(0, -1), false],
    ['krb', newSecret('krb').value, true],
    ['krc', newSecret('krc').value, true],
    ['krc', newSecret('krb').value, false],
    ['kro', '', false],
    ['kro', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln', false],
    ['kro', '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d', false],
  ] as const)('of kind %s is %j: %j', (kind, text, is) => expect(isSecret(kind, text)).toBe(is));
});

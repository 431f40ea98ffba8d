import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { importSigningKey, importVerificationKey, loadSigningKey } from './signing-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'kronus-signing-key-spec-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

describe('importSigningKey', () => {
  it('names a key by its thumbprint, whatever its form', async () => {
    const one = await importSigningKey(rsa.export({ type: 'pkcs1', format: 'pem' }).toString());
    const two = await importSigningKey(rsa.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(one.kid).toBe(two.kid);
    expect(one.kid).toBe(await calculateJwkThumbprint(one.publicJwk));
  });

  it('publishes only the public half', async () => {
    const { publicJwk } = await importSigningKey(rsa.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(Object.keys(publicJwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(publicJwk).toMatchObject({ alg: 'RS256', kty: 'RSA', use: 'sig' });
  });

  it('refuses short and foreign keys', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const foreign = generateKeyPairSync('ed25519').privateKey;
    for (const key of [short, foreign]) {
      const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
      await expect(importSigningKey(pem)).rejects.toThrow('RSA key of at least 2048 bits');
    }
  });
});

describe('importVerificationKey', () => {
  it('takes either half of a key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { kid } = await importSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const halves = [
      privateKey.export({ type: 'pkcs1', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'pem' }),
    ];
    for (const pem of halves) {
      const key = await importVerificationKey(pem.toString());
      expect([key.kid, key.publicKey.type, 'privateKey' in key]).toEqual([kid, 'public', false]);
    }
  });
});

describe('loadSigningKey', () => {
  it('makes one key for processes that start together, and keeps it for its owner only', async () => {
    const source = { privateKeyPem: null, dataDir: join(folder, 'fresh') };
    const keys = await Promise.all([1, 2, 3].map(() => loadSigningKey(source)));
    const later = await loadSigningKey(source);
    expect(new Set([...keys, later].map(({ kid }) => kid)).size).toBe(1);
    expect(readdirSync(join(source.dataDir, 'keys'))).toEqual(['access-token.pem']);
    expect(statSync(join(source.dataDir, 'keys/access-token.pem')).mode & 0o777).toBe(0o600);
  });

  it('prefers the configured key and then keeps none', async () => {
    const privateKeyPem = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
    const key = await loadSigningKey({ privateKeyPem, dataDir: join(folder, 'unused') });
    expect(key.kid).toBe((await importSigningKey(privateKeyPem)).kid);
    expect(readdirSync(folder)).not.toContain('unused');
  });
});

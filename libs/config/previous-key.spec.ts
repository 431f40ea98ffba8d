import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from './config.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const load = (pem: string) =>
  loadConfig({
    mode: 'test',
    env: { KRONUS_PREVIOUS_PRIVATE_KEY_PEM: pem, KRONUS_DATA_DIR: 'unused' },
    cwd: '/',
  });

it.each([
  ['private', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ['public', publicPem],
  ['public, on one line', publicPem.replaceAll('\n', '\\n')],
])('may be %s', (_, pem) => {
  expect(load(pem).auth.previousPrivateKeyPem).toMatch(/^-----BEGIN [\s\S]*-----$/);
});

const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
it.each([
  ['short', short.export({ type: 'spki', format: 'pem' }).toString(), /at least 2048 bits$/],
  ['no key', 'hunter2', /must be an RSA key in PEM form, private \(without a pass phrase\) or public$/],
])('is refused when it is %s, without being shown', (_, pem, message) => {
  try {
    load(pem);
    throw new Error('it was taken');
  } catch (error) {
    const { faults } = error as ConfigError;
    expect(faults).toEqual([expect.stringMatching(message)]);
    expect(faults[0]).not.toContain(pem);
  }
});

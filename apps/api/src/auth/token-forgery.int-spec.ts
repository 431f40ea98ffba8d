import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, SignJWT, type JWTPayload } from 'jose';
import { createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

const newPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const pemOf = (key: KeyObject, type: 'pkcs8' | 'spki') => key.export({ type, format: 'pem' }).toString();
const ours = newPair();

let api: TestApi;
let token: string;
let claims: JWTPayload;
let kid: string;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_PRIVATE_KEY_PEM: pemOf(ours.privateKey, 'pkcs8') });
  token = await api.login(await createUser(api.em()));
  claims = decodeJwt(token);
  kid = decodeProtectedHeader(token).kid!;
});
afterAll(() => api.stop());

const seconds = () => api.clock.now().getTime() / 1000;
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const signed = (changes: JWTPayload = {}, header: object = {}, key = ours.privateKey) =>
  new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(key);
const whoami = async (authorization: string, at = api) =>
  (await at.call('GET', '/v1/whoami', { headers: { authorization } })).status;

describe('a token that is made elsewhere', () => {
  it('is taken when all of it is right, so that the refusals below have the reason they name', async () => {
    expect(await whoami(await signed())).toBe(200);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['has no signature (none)', () => `${encode({ alg: 'none', kid })}.${encode(claims)}.`],
    [
      'says none and is signed',
      () => `${encode({ alg: 'none', kid })}.${token.split('.').slice(1).join('.')}`,
    ],
    [
      'is signed with the public key as a secret (HS256)',
      () => {
        const head = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${encode(claims)}`;
        const secret = pemOf(ours.publicKey, 'spki');
        return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
      },
    ],
    ['is signed by another algorithm of our key (RS512)', () => signed({}, { alg: 'RS512' })],
    ['is signed by another algorithm of our key (PS256)', () => signed({}, { alg: 'PS256' })],
    ['names a key that we do not have', () => signed({}, { kid: 'kronus-key-id' })],
    [
      'brings its own key',
      () => signed({}, { jwk: newPair().publicKey.export({ format: 'jwk' }) }, newPair().privateKey),
    ],
    ['is signed with a foreign key', () => signed({}, {}, newPair().privateKey)],
    ['comes from another issuer', () => signed({ iss: 'kronos' })],
    ['has no issuer', () => signed({ iss: undefined })],
    ['is meant for others', () => signed({ aud: ['chat'] })],
    ['is meant for nobody', () => signed({ aud: undefined })],
    ['has expired', () => signed({ exp: seconds() })],
    ['never expires', () => signed({ exp: undefined })],
    ['is not valid yet', () => signed({ nbf: seconds() + 1 })],
    ['has another use', () => signed({ token_use: 'id' })],
    ['names another session', () => signed({ sid: '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d' })],
    ['names another user of the same id', () => signed({ sub: '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d' })],
    ['is of an older password', () => signed({ token_version: 0 })],
  ])('is refused when it %s', async (_, forge) => {
    const forged = await forge();
    expect(await whoami(forged)).toBe(401);
    expect(await whoami(`Bearer ${forged}`)).toBe(401);
  });

  it.each(['sid', 'sub', 'token_version', 'uid'])('does no harm with a %s of another kind', async (name) => {
    for (const value of ['x', "1'--", -1, 1.5, 1e300, null, true, [1], { a: 1 }]) {
      const status = await whoami(await signed({ [name]: value }));
      expect([name, value, status]).toEqual([name, value, 401]);
    }
  });
});

describe('while keys are changed', () => {
  it('three restarts change the key, and no token is refused meanwhile', async () => {
    const next = newPair();
    const [oldPrivate, oldPublic] = [pemOf(ours.privateKey, 'pkcs8'), pemOf(ours.publicKey, 'spki')];
    const [nextPrivate, nextPublic] = [pemOf(next.privateKey, 'pkcs8'), pemOf(next.publicKey, 'spki')];
    const announced = await api.startAnother({
      KRONUS_PRIVATE_KEY_PEM: oldPrivate,
      KRONUS_PREVIOUS_PRIVATE_KEY_PEM: nextPublic,
    });
    const swapped = await api.startAnother({
      KRONUS_PRIVATE_KEY_PEM: nextPrivate,
      KRONUS_PREVIOUS_PRIVATE_KEY_PEM: oldPublic,
    });
    const done = await api.startAnother({ KRONUS_PRIVATE_KEY_PEM: nextPrivate });
    try {
      const fresh = await swapped.login(await createUser(api.em()));
      expect(decodeProtectedHeader(fresh).kid).not.toBe(kid);
      for (const each of [announced, swapped]) {
        expect([await whoami(token, each), await whoami(fresh, each)]).toEqual([200, 200]);
        const { keys } = (await each.call('GET', '/jwks')).body.data as {
          keys: { kid: string; d?: string }[];
        };
        expect(keys.map((key) => key.kid).sort()).toEqual([kid, decodeProtectedHeader(fresh).kid!].sort());
        for (const key of keys) expect(key.d).toBeUndefined();
      }
      expect([await whoami(token, done), await whoami(fresh, done)]).toEqual([401, 200]);
    } finally {
      for (const each of [announced, swapped, done]) await each.stop();
    }
  });
});

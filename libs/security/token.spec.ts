import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { importSigningKey, importVerificationKey, type SigningKey } from './signing-key.ts';
import { Tokens, type TokenSubject } from './token.ts';

const newKey = () =>
  importSigningKey(
    generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  );
const tony: TokenSubject = {
  id: 1,
  uuid: '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d',
  email: 'stark@avengers.com',
  firstName: 'tony',
  lastName: 'stark',
  role: 'admin',
  isPlatformAdmin: true,
  clientUuid: '0c5f6f0e-8a39-4a5e-8f0b-2f7f1c9d8e7a',
  tokenVersion: 3,
  sessionId: '3f1b7c0e-5a39-4a5e-8f0b-2f7f1c9d8e7a',
};

let key: SigningKey;
let now: Date;
let tokens: Tokens;
beforeAll(async () => {
  key = await newKey();
  now = new Date('2026-01-10T12:00:00Z');
  tokens = new Tokens(key, { accessTokenMinutes: 60, clock: { now: () => now } });
});

const seconds = () => now.getTime() / 1000;
const refused = { code: 'token_invalid', message: 'invalid token provided' };

describe('a token', () => {
  it('says who the user is', async () => {
    const token = await tokens.sign(tony);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: key.kid });
    expect(await tokens.verify(token)).toEqual({
      iss: 'kronus',
      aud: ['kronus'],
      sub: tony.uuid,
      uid: 1,
      iat: seconds(),
      exp: seconds() + 3600,
      jti: expect.any(String),
      token_use: 'access',
      first_name: 'tony',
      last_name: 'stark',
      name: 'tony stark',
      username: tony.email,
      email: tony.email,
      is_admin: true,
      role: 'admin',
      groups: ['admins'],
      'cognito:groups': ['admins'],
      userUUID: tony.uuid,
      is_platform_admin: true,
      clientId: tony.clientUuid,
      'custom:clientId': tony.clientUuid,
      entityUUID: tony.clientUuid,
      levelOnEntity: 999,
      token_version: 3,
      sid: tony.sessionId,
    });
  });

  it('for an app says the same and for whom it is, and is no credential', async () => {
    const audience = { appId: 'console', nonce: 'n', authenticatedAt: new Date(now.getTime() - 60_500) };
    const token = await tokens.signId(tony, audience);
    const { payload } = await jwtVerify(token, createLocalJWKSet(tokens.jwks()), { currentDate: now });
    const access = await tokens.verify(await tokens.sign(tony));
    expect(payload).toEqual({
      ...access,
      jti: expect.any(String),
      token_use: 'id',
      aud: ['kronus', 'console'],
      azp: 'console',
      nonce: 'n',
      auth_time: Math.floor(seconds() - 60.5),
    });
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
    const plain = await tokens.signId(tony, { ...audience, nonce: null });
    expect(
      (await jwtVerify(plain, createLocalJWKSet(tokens.jwks()), { currentDate: now })).payload,
    ).not.toHaveProperty('nonce');
  });

  it('makes no admin of a user without a name', async () => {
    const token = await tokens.sign({ ...tony, firstName: null, lastName: null, role: 'user' });
    expect(await tokens.verify(token)).toMatchObject({
      is_admin: false,
      groups: ['users'],
      first_name: '',
      name: '',
    });
  });

  it('is verified by others through the published keys', async () => {
    const token = await tokens.sign(tony);
    const { payload } = await jwtVerify(token, createLocalJWKSet(tokens.jwks()), {
      issuer: 'kronus',
      audience: 'kronus',
      currentDate: now,
    });
    expect(payload.sub).toBe(tony.uuid);
  });

  it('expires, also when it is remembered', async () => {
    let moment = now;
    const clocked = new Tokens(key, { accessTokenMinutes: 1, clock: { now: () => moment } });
    const token = await clocked.sign(tony);
    await clocked.verify(token);
    moment = new Date(now.getTime() + 59_000);
    await expect(clocked.verify(token)).resolves.toMatchObject({ uid: 1 });
    moment = new Date(now.getTime() + 60_000);
    await expect(clocked.verify(token)).rejects.toMatchObject(refused);
  });

  it('is verified once and then remembered', async () => {
    const token = await tokens.sign(tony);
    expect(await tokens.verify(token)).toBe(await tokens.verify(token));
  });

  it('cannot change the memory of it', async () => {
    const claims = await tokens.verify(await tokens.sign(tony));
    expect(() => Object.assign(claims, { is_admin: false })).toThrow(TypeError);
  });
});

describe('a token is refused', () => {
  const valid = (): JWTPayload => ({
    uid: 1,
    token_use: 'access',
    jti: 'j',
    sub: tony.uuid,
    token_version: 3,
  });
  const signed = (claims: JWTPayload, { iss = 'kronus', aud = ['kronus'], kid = key.kid } = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer(iss)
      .setAudience(aud)
      .setIssuedAt(seconds())
      .setExpirationTime(seconds() + 60);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const body = () =>
    encode({ ...valid(), iss: 'kronus', aud: ['kronus'], iat: seconds(), exp: seconds() + 60 });

  it('only for a reason: the same one unspoilt is accepted', async () => {
    await expect(tokens.verify(await signed(valid()).sign(key.privateKey))).resolves.toMatchObject({
      uid: 1,
    });
  });

  it('when it is unsigned', async () => {
    await expect(tokens.verify(`${encode({ alg: 'none' })}.${body()}.`)).rejects.toMatchObject(refused);
  });

  it('when it is signed with the public key as a shared secret', async () => {
    const head = `${encode({ alg: 'HS256', typ: 'JWT', kid: key.kid })}.${body()}`;
    const secret = createSecretKey(Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' })));
    const token = `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
  });

  it('when another key signed it', async () => {
    const foreign = await newKey();
    await expect(tokens.verify(await signed(valid()).sign(foreign.privateKey))).rejects.toMatchObject(
      refused,
    );
  });

  it('when one letter of a remembered one is changed', async () => {
    const token = await tokens.sign(tony);
    await tokens.verify(token);
    const [head, claims, signature = ''] = token.split('.');
    const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    await expect(tokens.verify([head, claims, changed].join('.'))).rejects.toMatchObject(refused);
  });

  it.each<[string, () => SignJWT]>([
    ['comes from another issuer', () => signed(valid(), { iss: 'other' })],
    ['is meant for others', () => signed(valid(), { aud: ['chat'] })],
    ['names a key that we do not have', () => signed(valid(), { kid: 'kronus-key-id' })],
    ['has another use', () => signed({ ...valid(), token_use: 'guest' })],
    ['has a user id of another kind', () => signed({ ...valid(), uid: "1' or 1" })],
    ['has a session of another kind', () => signed({ ...valid(), sid: 'x' })],
    ['has no version', () => signed({ ...valid(), token_version: undefined })],
    ['has no user id', () => signed({ ...valid(), uid: undefined })],
    ['has expired', () => signed(valid()).setExpirationTime(seconds())],
    ['is not valid yet', () => signed(valid()).setNotBefore(seconds() + 60)],
  ])('when it %s', async (_, token) => {
    await expect(tokens.verify(await token().sign(key.privateKey))).rejects.toMatchObject(refused);
  });

  it('when it names no key', async () => {
    const token = await new SignJWT(valid())
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer('kronus')
      .setAudience('kronus')
      .setIssuedAt(seconds())
      .setExpirationTime(seconds() + 60)
      .sign(key.privateKey);
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
  });

  it.each(['', 'x', 'a.b.c', 'null', '..'])('when it is %j', async (token) => {
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
  });
});

describe('when keys are changed', () => {
  const clock = { now: () => now };
  const publicPem = ({ publicKey }: SigningKey) =>
    publicKey.export({ type: 'spki', format: 'pem' }).toString();

  it('tokens of both are taken, and both are published, the signing one first', async () => {
    const next = await newKey();
    const otherKeys = [await importVerificationKey(publicPem(key))];
    const changed = new Tokens(next, { accessTokenMinutes: 60, otherKeys, clock });
    await expect(changed.verify(await tokens.sign(tony))).resolves.toMatchObject({ uid: 1 });
    const fresh = await changed.sign(tony);
    expect(decodeProtectedHeader(fresh).kid).toBe(next.kid);
    await expect(changed.verify(fresh)).resolves.toMatchObject({ uid: 1 });
    expect(changed.jwks().keys.map(({ kid }) => kid)).toEqual([next.kid, key.kid]);
    expect(JSON.stringify(changed.jwks())).not.toMatch(/"(d|p|q|dp|dq|qi)":/);
  });

  it('a token that names one of them and is signed with the other is refused', async () => {
    const next = await newKey();
    const otherKeys = [await importVerificationKey(publicPem(key))];
    const changed = new Tokens(next, { accessTokenMinutes: 60, otherKeys, clock });
    const mixed = new Tokens({ ...key, privateKey: next.privateKey }, { accessTokenMinutes: 60, clock });
    await expect(changed.verify(await mixed.sign(tony))).rejects.toMatchObject(refused);
  });

  it('the same key twice is one', () => {
    const same = new Tokens(key, { accessTokenMinutes: 60, otherKeys: [key], clock });
    expect(same.jwks().keys).toHaveLength(1);
  });
});

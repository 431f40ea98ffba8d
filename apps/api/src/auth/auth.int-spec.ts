import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { User } from '#libs/db/entities/user.entity';
import { createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let user: User;
let token: string;
beforeEach(async () => {
  await api.clear();
  user = await createUser(api.em());
  token = await api.login(user);
});

const refusal = (answer: { status: number; body: { errors?: string[] } }) => [
  answer.status,
  answer.body.errors,
];

describe('login', () => {
  it('gives a token that others can verify by the published keys', async () => {
    const jwks = (await api.call('GET', '/.well-known/jwks.json')).body as unknown as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
      currentDate: api.clock.now(),
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'JWT', kid: jwks.keys[0]?.kid });
    expect(payload).toMatchObject({ iss: 'kronus', sub: user.uuid, uid: user.id, is_admin: false });
  });

  it('publishes the keys at the top and in data', async () => {
    const { body } = await api.call('GET', '/jwks');
    expect(body).toMatchObject({ success: true, data: { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256' }] } });
    expect((body as unknown as JSONWebKeySet).keys).toEqual(body.data.keys);
  });

  it('answers a wrong password, an unknown e-mail and a disabled account alike', async () => {
    const disabled = await createUser(api.em(), { enabled: false });
    const attempts = [
      { email: user.email, password: 'wrong' },
      { email: 'nobody@example.com', password: 'wrong' },
      { email: disabled.email, password: TEST_PASSWORD },
    ];
    for (const body of attempts) {
      const answer = await api.call('POST', '/login', { body, headers: { 'x-request-id': 'same' } });
      expect(refusal(answer)).toEqual([401, ['email/password is invalid']]);
    }
  });

  it('takes the e-mail in any case', async () => {
    await expect(api.login({ email: user.email.toUpperCase() })).resolves.toEqual(expect.any(String));
  });
});

describe('a token', () => {
  const whoami = (authorization?: string) =>
    api.call('GET', '/v1/whoami', authorization === undefined ? {} : { headers: { authorization } });

  it.each(['Bearer ', 'bearer ', ''])('is taken after %j', async (scheme) => {
    expect((await whoami(scheme + token)).body.data).toMatchObject({ id: user.id, email: user.email });
  });

  it.each([undefined, '', 'Bearer', 'Basic dXNlcjpwYXNz', 'Bearer a b'])(
    'is missed in %j',
    async (header) => {
      const answer = await whoami(header);
      expect(refusal(answer)).toEqual([401, ['no token provided']]);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    },
  );

  it('is refused when it is forged, not signed, or signed with the public key as a secret', async () => {
    const [, payload] = token.split('.');
    const jwks = (await api.call('GET', '/.well-known/jwks.json')).body as unknown as JSONWebKeySet;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const head = part({ alg: 'RS256', typ: 'JWT', kid: jwks.keys[0]?.kid });
    const foreign = createSign('RSA-SHA256').update(`${head}.${payload}`).sign(privateKey, 'base64url');
    const pem = createPublicKey({ key: jwks.keys[0]! as never, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const forged = [
      'garbage',
      `${token}x`,
      `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `${part({ alg: 'HS256', typ: 'JWT' })}.${payload}.${Buffer.from(pem).toString('base64url').slice(0, 43)}`,
      `${head}.${payload}.${foreign}`,
    ];
    for (const each of forged) expect(refusal(await whoami(each))).toEqual([401, ['invalid token provided']]);
  });

  it('ends with its time', async () => {
    const now = api.clock.now();
    api.clock.set(now.getTime() + 3_600_001);
    try {
      expect((await whoami(token)).status).toBe(401);
    } finally {
      api.clock.set(now);
    }
  });

  it.each([
    ['disabled', `update users set enabled = false`],
    ['deleted', `delete from users`],
    ['given another password', `update users set token_version = token_version + 1`],
  ])('ends at once when the account is %s', async (_, statement) => {
    expect((await whoami(token)).status).toBe(200);
    await api.em().execute(statement);
    expect(refusal(await whoami(token))).toEqual([401, ['invalid token provided']]);
  });

  it('says nothing of rights: those are read anew', async () => {
    expect((await api.call('GET', '/v1/users', { token })).status).toBe(403);
    await api.em().execute(`update users set role_id = 1`);
    expect((await api.call('GET', '/v1/users', { token })).status).toBe(200);
  });

  it('belongs to its own caller, also when many come at once', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => createUser(api.em())));
    const tokens = await Promise.all(users.map((each) => api.login(each)));
    const answers = await Promise.all(
      [...tokens, ...tokens].map((each) => api.call('GET', '/v1/whoami', { token: each })),
    );
    expect(answers.map((answer) => answer.body.data.id)).toEqual([...users, ...users].map((each) => each.id));
  });
});

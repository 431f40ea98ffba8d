import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { OAuthCode } from '#libs/db/entities/oauth-code.entity';
import { RefreshToken } from '#libs/db/entities/refresh-token.entity';
import { Session } from '#libs/db/entities/session.entity';
import { Client } from '#libs/db/entities/client.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { APP, Attempt, Browser, post, sentBack } from '../login/browser.fixture.ts';

const HOUR_MS = 3_600_000;
const OTHER = { id: 'desk', redirectUri: 'http://127.0.0.1/cb' };
const SITE = 'https://app.example.com';

interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
}

let api: TestApi;
let another: TestApi;
let start: Date;
beforeAll(async () => {
  const env = {
    KRONUS_CORS_ORIGINS: SITE,
    KRONUS_OAUTH_APPS: `${APP.id}=${APP.redirectUri} http://localhost:3900/app/,${OTHER.id}=${OTHER.redirectUri}`,
  };
  api = await TestApi.start(env);
  another = await api.startAnother(env);
  start = api.clock.now();
});
afterAll(async () => {
  await another.stop();
  await api.stop();
});

let user: User;
let browser: Browser;
let attempt: Attempt;
/** Everything that must not be found in the log. */
const secrets: string[] = [];
beforeEach(async () => {
  for (const each of [api, another]) each.clock.set(start);
  await api.clear();
  user = await createUser(api.em());
  browser = new Browser(api);
  attempt = new Attempt();
});

const later = (ms: number) => {
  const then = api.clock.now().getTime() + ms;
  for (const each of [api, another]) each.clock.set(then);
};

/** Goes to an address of an app, logs in on the page, and answers what comes of it. */
async function logIn(url = attempt.url()): Promise<Answer> {
  const first = await browser.get(url);
  expect(String(first.headers['location'])).toMatch(/^\/login\?/);
  const page = await browser.get(String(first.headers['location']));
  expect(page.status).toBe(200);
  return browser.submit(page, { email: user.email, password: TEST_PASSWORD });
}
async function codeFor(url = attempt.url(), to: string = APP.redirectUri): Promise<string> {
  const code = sentBack(await logIn(url), to).get('code')!;
  secrets.push(code);
  return code;
}
const redeem = (code: string, change = {}, at = api) =>
  post(at, '/oauth2/token', attempt.redemption(code, change));
const tokensOf = ({ status, text }: Answer): Tokens => {
  expect([status, text]).toEqual([200, expect.any(String)]);
  const tokens = JSON.parse(text) as Tokens;
  secrets.push(tokens.access_token, tokens.refresh_token);
  return tokens;
};
const obtain = async () => tokensOf(await redeem(await codeFor()));
const refresh = (token: string, change = {}, at = api) =>
  post(at, '/oauth2/token', {
    grant_type: 'refresh_token',
    client_id: APP.id,
    refresh_token: token,
    ...change,
  });
const whoami = async ({ access_token: token }: Tokens, at = api) =>
  (await at.call('GET', '/v1/whoami', { token })).status;
const everywhere = async (tokens: Tokens) => [await whoami(tokens), await whoami(tokens, another)];
const errorOf = ({ status, text }: Answer) => [status, (JSON.parse(text) as { error: string }).error];

describe('an app', () => {
  it('gets tokens of somebody who logged in for it', async () => {
    const back = sentBack(await logIn());
    expect(Object.fromEntries(back)).toEqual({
      code: expect.stringMatching(/^krc_[\w-]{43}$/),
      state: attempt.state,
      iss: 'http://localhost:3900',
    });
    const answer = await redeem(back.get('code')!, {}, another);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    const tokens = tokensOf(answer);
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      id_token: expect.stringMatching(/^eyJ/),
      refresh_token: expect.stringMatching(/^krr_[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'openid',
    });
    expect(await everywhere(tokens)).toEqual([200, 200]);
    const me = await api.call('GET', '/v1/whoami', { headers: { authorization: tokens.access_token } });
    expect([me.status, me.body.data.uuid]).toEqual([200, user.uuid]);
  });

  it('can verify the id token by the published keys', async () => {
    const { id_token: token } = tokensOf(await redeem(await codeFor(attempt.url({ nonce: 'n-1' }))));
    const { jwks_uri: address } = JSON.parse(
      (await api.call('GET', '/.well-known/openid-configuration')).text,
    ) as { jwks_uri: string };
    const keys = JSON.parse((await api.call('GET', new URL(address).pathname)).text) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      currentDate: api.clock.now(),
      audience: APP.id,
      issuer: 'kronus',
    });
    const { uuid } = await api.em().findOneOrFail(Client, user.clientId);
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: keys.keys[0]?.kid });
    expect(payload).toMatchObject({
      sub: user.uuid,
      uid: user.id,
      'custom:clientId': uuid,
      'cognito:groups': ['users'],
      username: user.email,
      token_use: 'id',
      azp: APP.id,
      nonce: 'n-1',
      auth_time: start.getTime() / 1000,
    });
    expect((await api.call('GET', '/v1/whoami', { token })).status).toBe(401);
  });

  it('gets no id token when it does not ask for one', async () => {
    const tokens = tokensOf(await redeem(await codeFor(attempt.url({ scope: 'profile offline_access' }))));
    expect(tokens).toMatchObject({ scope: 'profile' });
    expect(tokens).not.toHaveProperty('id_token');
    expect(tokensOf(await refresh(tokens.refresh_token))).not.toHaveProperty('id_token');
  });

  it('on the own machine may listen on any port', async () => {
    const redirectUri = 'http://127.0.0.1:51004/cb';
    const url = attempt.url({ client_id: OTHER.id, redirect_uri: redirectUri });
    const code = await codeFor(url, redirectUri);
    const other = { client_id: OTHER.id, redirect_uri: 'http://127.0.0.1:51005/cb' };
    expect(errorOf(await redeem(code, other))).toEqual([400, 'invalid_grant']);
    tokensOf(await redeem(code, { ...other, redirect_uri: redirectUri }));
  });

  it('that is allowed by its origin may call from a page of its own', async () => {
    const code = await codeFor();
    const allowed = await post(api, '/oauth2/token', attempt.redemption(code), { origin: SITE });
    expect(allowed.headers['access-control-allow-origin']).toBe(SITE);
    expect(tokensOf(allowed)).toBeDefined();
    const refused = await post(api, '/oauth2/token', attempt.redemption(code), { origin: SITE });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([400, SITE]);
    const foreign = await post(api, '/oauth2/token', {}, { origin: 'https://evil.example.com' });
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a code', () => {
  it('is redeemed once; the second time ends what the first gave', async () => {
    const code = await codeFor();
    const tokens = tokensOf(await redeem(code));
    expect(await everywhere(tokens)).toEqual([200, 200]);
    expect(errorOf(await redeem(code, {}, another))).toEqual([400, 'invalid_grant']);
    expect(await everywhere(tokens)).toEqual([401, 401]);
    expect(errorOf(await refresh(tokens.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(await api.em().count(Session, { endReason: 'reuse' })).toBe(1);
  });

  it('is redeemed by one of those who come at once', async () => {
    const code = await codeFor();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => redeem(code, {}, n % 2 ? api : another)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(400)]);
    expect(await api.em().count(RefreshToken)).toBe(1);
  });

  it('is worth nothing without the verifier, to another app or for another address, and stays good', async () => {
    const code = await codeFor();
    for (const change of [
      { code_verifier: new Attempt().verifier },
      { code_verifier: 'short' },
      { client_id: OTHER.id },
      { redirect_uri: 'http://localhost:3900/app/' },
      { redirect_uri: OTHER.redirectUri, client_id: OTHER.id },
    ]) {
      expect(errorOf(await redeem(code, change))).toEqual([400, 'invalid_grant']);
    }
    expect(errorOf(await redeem(`krc_${'A'.repeat(43)}`))).toEqual([400, 'invalid_grant']);
    const tokens = tokensOf(await redeem(code));
    // Who lacks the verifier can not end anything either.
    await redeem(code, { code_verifier: new Attempt().verifier });
    expect(await whoami(tokens)).toBe(200);
  });

  it('is good for a minute', async () => {
    const code = await codeFor();
    later(60_000);
    expect(errorOf(await redeem(code))).toEqual([400, 'invalid_grant']);
    attempt = new Attempt();
    const next = sentBack(await browser.get(attempt.url())).get('code')!;
    expect(await api.em().count(OAuthCode)).toBe(1);
    later(59_999);
    tokensOf(await redeem(next));
  });

  it.each([
    ['is disabled', `update users set enabled = false`],
    ['has other rights or another password', `update users set token_version = token_version + 1`],
    ['is deleted', `delete from users`],
  ])('is worth nothing when its owner %s meanwhile', async (_, statement) => {
    const code = await codeFor();
    await api.em().execute(statement);
    expect(errorOf(await redeem(code))).toEqual([400, 'invalid_grant']);
  });

  it('is kept by its digest only', async () => {
    const code = await codeFor();
    const kept = JSON.stringify(await api.em().execute(`select * from oauth_codes, sessions`));
    expect(kept).not.toContain(code.slice(4));
    expect(kept).not.toContain(browser.cookies.get('kronus_session')!.slice(4));
  });
});

describe('a refresh token of an app', () => {
  it('gives new tokens once; the second time ends the session', async () => {
    const first = await obtain();
    const second = tokensOf(await refresh(first.refresh_token, {}, another));
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second.id_token).toMatch(/^eyJ/);
    expect(await everywhere(second)).toEqual([200, 200]);
    expect(errorOf(await refresh(first.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(await everywhere(second)).toEqual([401, 401]);
    expect(errorOf(await refresh(second.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  it('is good for a day from the log-in, however often it is used', async () => {
    let { refresh_token: token } = await obtain();
    for (let each = 0; each < 3; each++) {
      later(8 * HOUR_MS - 1_000);
      token = tokensOf(await refresh(token)).refresh_token;
    }
    later(3_000);
    expect(errorOf(await refresh(token))).toEqual([400, 'invalid_grant']);
    expect((await browser.get(attempt.url())).headers['location']).toMatch(/^\/login/);
  });

  it('is good for this app only, and ends nothing in the hands of another', async () => {
    const { refresh_token: token } = await obtain();
    expect(errorOf(await refresh(token, { client_id: OTHER.id }))).toEqual([400, 'invalid_grant']);
    const own = await api.call('POST', '/login', { body: { email: user.email, password: TEST_PASSWORD } });
    expect(errorOf(await refresh(own.body.data.refresh_token))).toEqual([400, 'invalid_grant']);
    tokensOf(await refresh(token));
  });

  it('is taken as JSON as well, and stays the app’s', async () => {
    const { refresh_token: token } = await obtain();
    const answer = await api.call('POST', '/v1/auth/refresh', { body: { refresh_token: token } });
    expect(answer.status).toBe(200);
    tokensOf(await refresh(answer.body.data.refresh_token));
  });

  it.each([
    ['is disabled', `update users set enabled = false`],
    ['has other rights or another password', `update users set token_version = token_version + 1`],
    ['is deleted', `delete from users`],
  ])('is worth nothing, like the access token, when its owner %s', async (_, statement) => {
    const tokens = await obtain();
    expect(await everywhere(tokens)).toEqual([200, 200]);
    await api.em().execute(statement);
    expect(await everywhere(tokens)).toEqual([401, 401]);
    expect(errorOf(await refresh(tokens.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  it('is revoked by the app, with the session, once and again', async () => {
    const tokens = await obtain();
    const revoke = (change = {}) =>
      post(api, '/oauth2/revoke', { client_id: APP.id, token: tokens.refresh_token, ...change });
    expect(errorOf(await revoke({ token: tokens.access_token }))).toEqual([400, 'unsupported_token_type']);
    expect(errorOf(await revoke({ client_id: 'nobody' }))).toEqual([400, 'invalid_client']);
    expect((await revoke({ client_id: OTHER.id })).status).toBe(200);
    expect(await whoami(tokens)).toBe(200);
    for (const _ of [1, 2]) expect([(await revoke()).status, (await revoke()).text]).toEqual([200, '{}']);
    expect(await everywhere(tokens)).toEqual([401, 401]);
    expect((await browser.get(attempt.url())).headers['location']).toMatch(/^\/login/);
  });
});

describe('a request for authorization', () => {
  it.each([
    ['without PKCE', { code_challenge: null, code_challenge_method: null }, 'invalid_request'],
    ['with the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['for a token', { response_type: 'token' }, 'unsupported_response_type'],
    ['that must not ask', { prompt: 'none' }, 'login_required'],
  ])('%s is sent back to the app', async (_, change, error) => {
    const back = sentBack(await browser.get(attempt.url(change)));
    expect(Object.fromEntries(back)).toEqual({
      error,
      error_description: expect.any(String),
      state: attempt.state,
      iss: 'http://localhost:3900',
    });
  });

  it.each([
    ['an unknown app', { client_id: 'evil' }],
    ['a foreign address', { redirect_uri: 'https://evil.example.com/' }],
    ['the address of another app', { redirect_uri: OTHER.redirectUri }],
    ['no address', { redirect_uri: null }],
  ])('of %s ends on a page, before and after the log-in', async (_, change) => {
    const url = attempt.url(change);
    const query = url.slice(url.indexOf('?') + 1);
    const form = await browser.get('/login');
    const answers = [
      await browser.get(url),
      await browser.get(`/login?${query}`),
      await browser.submit(form, { email: user.email, password: TEST_PASSWORD, request: query }),
    ];
    for (const { status, text, headers } of answers) {
      expect([status, headers['location'], headers['content-type']]).toEqual([
        400,
        undefined,
        'text/html; charset=utf-8',
      ]);
      expect(text).toContain('<div role="alert"');
    }
    expect(await api.em().count(Session)).toBe(0);
  });

  it('is answered at once for somebody who is logged in, unless it wants the password again', async () => {
    await codeFor();
    later(61_000);
    expect(sentBack(await browser.get(attempt.url({ prompt: 'none' }))).get('code')).toMatch(/^krc_/);
    expect((await browser.get(attempt.url({ prompt: 'login' }))).headers['location']).toMatch(/^\/login/);
    expect((await browser.get(attempt.url({ max_age: '60' }))).headers['location']).toMatch(/^\/login/);
    const second = tokensOf(await redeem(sentBack(await browser.get(attempt.url())).get('code')!));
    // Logged in anew, the browser's session before is over, with its tokens.
    await codeFor(attempt.url({ prompt: 'login' }));
    expect(await whoami(second)).toBe(401);
    expect(await api.em().count(Session, { endedAt: null })).toBe(1);
  });

  it('is not answered for somebody who was disabled', async () => {
    await codeFor();
    await api.em().execute(`update users set enabled = false`);
    expect((await browser.get(attempt.url())).headers['location']).toMatch(/^\/login/);
  });
});

it('logs neither codes nor tokens nor cookies', () => {
  expect(secrets.length).toBeGreaterThan(20);
  const log = api.log + another.log;
  expect(log).toContain('/oauth2/token');
  expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  expect(log).not.toMatch(/kr[bcr]_/);
});

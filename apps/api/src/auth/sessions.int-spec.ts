import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RefreshToken } from '#libs/db/entities/refresh-token.entity';
import { Session } from '#libs/db/entities/session.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createApiKey } from '#libs/testing/factories/api-key.factory';
import { createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Tokens {
  token: string;
  refresh_token: string;
  expires_in: number;
}

let api: TestApi;
let another: TestApi;
let start: Date;
beforeAll(async () => {
  api = await TestApi.start();
  another = await api.startAnother();
  start = api.clock.now();
});
afterAll(async () => {
  await another.stop();
  await api.stop();
});

let user: User;
beforeEach(async () => {
  for (const each of [api, another]) each.clock.set(start);
  await api.clear();
  user = await createUser(api.em());
});

const later = (ms: number) => {
  const then = api.clock.now().getTime() + ms;
  for (const each of [api, another]) each.clock.set(then);
};
const credentials = () => ({ email: user.email, password: TEST_PASSWORD });
const login = async (): Promise<Tokens> =>
  (await api.call('POST', '/login', { body: credentials() })).body.data;
const refresh = (refreshToken: string, at = api) =>
  at.call('POST', '/v1/auth/refresh', { body: { refresh_token: refreshToken } });
const renewed = async (refreshToken: string): Promise<Tokens> => (await refresh(refreshToken)).body.data;
const logout = (token: string, body?: object) => api.call('POST', '/v1/auth/logout', { token, body });
const whoami = async (token: string, at = api) => (await at.call('GET', '/v1/whoami', { token })).status;
const everywhere = async (token: string) => [await whoami(token), await whoami(token, another)];
const refusal = ({ status, body }: Answer) => [status, body.errors, body.error_codes];
const refused = [401, ['invalid refresh token provided'], ['token_invalid']];

describe('a log-in', () => {
  it('gives a refresh token beside the access token, and keeps its digest only', async () => {
    const tokens = await login();
    expect(tokens).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refresh_token: expect.stringMatching(/^krr_[\w-]{43}$/),
      expires_in: 3600,
    });
    const kept = await api.em().execute(`select * from refresh_tokens, sessions`);
    expect(kept).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toContain(tokens.refresh_token.slice(4));
  });

  it('that fails begins no session', async () => {
    await api.call('POST', '/login', { body: { ...credentials(), password: 'wrong' } });
    expect(await api.em().count(Session)).toBe(0);
  });

  it('is no credential by its refresh token', async () => {
    expect(await whoami((await login()).refresh_token)).toBe(401);
  });
});

describe('a refresh token', () => {
  it('gives new tokens, on any process, without credentials', async () => {
    const first = await login();
    const answer = await refresh(first.refresh_token, another);
    expect(answer.status).toBe(200);
    const second = answer.body.data as Tokens;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await everywhere(second.token)).toEqual([200, 200]);
    expect(await whoami(first.token)).toBe(200);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  it('that comes a second time ends its session everywhere, and no other', async () => {
    const [first, other] = [await login(), await login()];
    const second = await renewed(first.refresh_token);
    expect(await everywhere(second.token)).toEqual([200, 200]);
    expect(refusal(await refresh(first.refresh_token, another))).toEqual(refused);
    expect(await everywhere(first.token)).toEqual([401, 401]);
    expect(await everywhere(second.token)).toEqual([401, 401]);
    expect(refusal(await refresh(second.refresh_token))).toEqual(refused);
    expect(await everywhere(other.token)).toEqual([200, 200]);
    expect((await refresh(other.refresh_token)).status).toBe(200);
    const ended = await api.em().find(Session, { endReason: 'reuse' });
    expect(ended).toHaveLength(1);
  });

  it('is used by one of those who come at once', async () => {
    const { refresh_token } = await login();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => refresh(refresh_token, n % 2 ? api : another)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(401)]);
    const { token } = answers.find(({ status }) => status === 200)!.body.data as Tokens;
    expect(await whoami(token)).toBe(401);
  });

  it('lasts for a day from its making, so a session lasts while it is used', async () => {
    let { refresh_token } = await login();
    for (let day = 0; day < 3; day++) {
      later(DAY_MS - 1);
      ({ refresh_token } = await renewed(refresh_token));
    }
    later(DAY_MS);
    expect(refusal(await refresh(refresh_token))).toEqual(refused);
    expect(await api.em().count(RefreshToken)).toBeLessThanOrEqual(2);
  });

  it.each([
    ['has another password', `update users set token_version = token_version + 1`],
    ['is disabled', `update users set enabled = false`],
    ['has to change their password', `update users set must_change_password = true`],
    ['is deleted', `delete from users`],
  ])('is worth nothing when its owner %s', async (_, statement) => {
    const { refresh_token } = await login();
    await api.em().execute(statement);
    expect(refusal(await refresh(refresh_token))).toEqual(refused);
  });

  it.each(['x', `krr_${'A'.repeat(43)}`, `kro_${'A'.repeat(43)}`, "' or 1=1 --"])(
    'is refused when it is %j',
    async (text) => expect(refusal(await refresh(text))).toEqual(refused),
  );

  it('reads the rights anew', async () => {
    const { refresh_token } = await login();
    await api.em().execute(`update users set role_id = 1`);
    const { token } = await renewed(refresh_token);
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    expect(claims).toMatchObject({ role: 'admin', is_admin: true });
  });
});

describe('a new password', () => {
  it('ends every session everywhere', async () => {
    const [one, two] = [await login(), await login()];
    expect(await everywhere(two.token)).toEqual([200, 200]);
    const body = { password: 'even-safer' };
    await another.call('PUT', `/v1/users/${user.id}`, { token: one.token, body });
    expect(await everywhere(one.token)).toEqual([401, 401]);
    expect(await everywhere(two.token)).toEqual([401, 401]);
    expect(refusal(await refresh(two.refresh_token))).toEqual(refused);
  });
});

describe('logging out', () => {
  it('ends this session at once, on every process that remembers the token', async () => {
    const [mine, other] = [await login(), await login()];
    expect(await everywhere(mine.token)).toEqual([200, 200]);
    const answer = await logout(mine.token);
    expect([answer.status, answer.body.success]).toEqual([200, true]);
    expect(await everywhere(mine.token)).toEqual([401, 401]);
    expect(refusal(await refresh(mine.refresh_token))).toEqual(refused);
    expect(await everywhere(other.token)).toEqual([200, 200]);
  });

  it('ends the tokens that were renewed as well', async () => {
    const first = await login();
    const second = await renewed(first.refresh_token);
    await logout(second.token);
    expect(await everywhere(first.token)).toEqual([401, 401]);
  });

  it('ends all sessions when asked to, and leaves API keys and other people alone', async () => {
    const [one, two] = [await login(), await login()];
    const { key } = await createApiKey(api.em(), user.id);
    const someone = await api.login(await createUser(api.em()));
    expect((await logout(one.token, { all: true })).status).toBe(200);
    expect(await everywhere(one.token)).toEqual([401, 401]);
    expect(await everywhere(two.token)).toEqual([401, 401]);
    expect(refusal(await refresh(two.refresh_token))).toEqual(refused);
    expect([await whoami(key), await whoami(someone)]).toEqual([200, 200]);
    expect(await whoami((await login()).token)).toBe(200);
  });

  it('needs a session; with an API key all can be ended', async () => {
    const { token } = await login();
    const { key } = await createApiKey(api.em(), user.id);
    expect((await logout(key)).status).toBe(400);
    expect((await logout(key, { all: true })).status).toBe(200);
    expect([await whoami(token), await whoami(key)]).toEqual([401, 200]);
  });
});

describe('a session with a key', () => {
  const begin = async () => api.call('POST', '/v1/users/sessions', { body: credentials() });
  const withKey = async (key: string, at = api) =>
    (await at.call('GET', '/v1/whoami', { headers: { 'x-api-key': key } })).status;

  it('is good for three hours, and is not listed among the API keys', async () => {
    const { status, body } = await begin();
    const validUntil = new Date(start.getTime() + 3 * HOUR_MS).toISOString();
    expect([status, body.data]).toEqual([
      201,
      { id: expect.any(String), user: user.uuid, key: expect.stringMatching(/^kro_/), validUntil },
    ]);
    const { key } = body.data;
    const list = await api.call('GET', `/v1/users/${user.id}/api-keys`, { headers: { 'x-api-key': key } });
    expect([list.status, list.body.data]).toEqual([200, []]);
    later(3 * HOUR_MS - 1);
    expect(await withKey(key)).toBe(200);
    later(1);
    expect(await withKey(key)).toBe(401);
  });

  it('is refused like a log-in', async () => {
    const wrong = await api.call('POST', '/v1/users/sessions', {
      body: { ...credentials(), password: 'x' },
    });
    expect(refusal(wrong)).toEqual([401, ['email/password is invalid'], ['credentials_invalid']]);
  });

  it('ends by its id, by logging out, and with the password', async () => {
    const [one, two, three] = [await begin(), await begin(), await begin()].map(({ body }) => body.data);
    const headers = { 'x-api-key': one.key };
    const ended = await api.call('DELETE', `/v1/users/sessions/${one.id}`, { headers });
    expect([ended.status, ended.text]).toEqual([204, '']);
    expect([await withKey(one.key), await withKey(one.key, another)]).toEqual([401, 401]);

    expect(await withKey(two.key, another)).toBe(200);
    await api.call('POST', '/v1/auth/logout', { headers: { 'x-api-key': two.key } });
    expect([await withKey(two.key), await withKey(two.key, another)]).toEqual([401, 401]);

    await api.call('PUT', `/v1/users/${user.id}`, {
      headers: { 'x-api-key': three.key },
      body: { password: 'even-safer' },
    });
    expect([await withKey(three.key), await withKey(three.key, another)]).toEqual([401, 401]);
  });

  it('ends with all others by the id of its owner, and never by somebody else', async () => {
    const { id, key } = (await begin()).body.data;
    const other = await api.login(await createUser(api.em()));
    for (const foreign of [id, user.id, user.uuid, '999']) {
      const answer = await api.call('DELETE', `/v1/users/sessions/${foreign}`, { token: other });
      expect([foreign, answer.status]).toEqual([foreign, 404]);
    }
    expect(await withKey(key)).toBe(200);
    const { token } = await login();
    const all = await api.call('DELETE', `/v1/users/sessions/${user.id}`, { token });
    expect([all.status, await withKey(key), await whoami(token)]).toEqual([204, 401, 401]);
  });
});

describe('the list of sessions', () => {
  const list = async (token: string, query = '') =>
    (await api.call('GET', `/v1/users/sessions${query}`, { token })).body;

  it("holds one's own that have not ended, newest first, and tells which is this one", async () => {
    const first = await login();
    later(HOUR_MS);
    const { key } = (await api.call('POST', '/v1/users/sessions', { body: credentials() })).body.data;
    later(HOUR_MS / 2);
    const { token, refresh_token } = await renewed(first.refresh_token);
    later(HOUR_MS / 4);
    await api.login(await createUser(api.em()));
    const moment = (hours: number) => new Date(start.getTime() + hours * HOUR_MS).toISOString();
    const { data, paging } = await list(token);
    expect(data).toEqual([
      {
        id: expect.any(String),
        kind: 'key',
        is_current: false,
        created_at: moment(1),
        last_used_at: moment(1),
        expires_at: moment(4),
      },
      {
        id: expect.any(String),
        kind: 'tokens',
        is_current: true,
        created_at: moment(0),
        last_used_at: moment(1.5),
        expires_at: moment(25.5),
      },
    ]);
    expect(paging).toEqual({ total: 2, page: 1, pages: 1 });
    expect((await list(token, '?limit=1&page=2')).data).toEqual([data[1]]);

    const byKey = (await list(key)).data;
    expect(byKey[0]).toMatchObject({ is_current: true, last_used_at: moment(1.75) });
    await api.call('DELETE', `/v1/users/sessions/${data[1].id}`, { token: key });
    expect((await list(key)).data.map(({ kind }: { kind: string }) => kind)).toEqual(['key']);
    expect((await refresh(refresh_token)).status).toBe(401);
  });

  it('forgets those that are over', async () => {
    await login();
    await api.call('POST', '/v1/users/sessions', { body: credentials() });
    later(3 * HOUR_MS);
    const { token } = await login();
    expect((await list(token)).paging?.total).toBe(2);
    await logout(token, { all: true });
    expect((await list((await login()).token)).paging?.total).toBe(1);
  });
});

describe('asking for a gateway', () => {
  it('answers who is calling in headers, without a body and without anything personal', async () => {
    const { token } = await login();
    const { key } = await createApiKey(api.em(), user.id);
    for (const credential of [`Bearer ${token}`, token, `Bearer ${key}`]) {
      const { status, text, headers } = await api.call('GET', '/v1/users/auth', {
        headers: { authorization: credential },
      });
      expect([status, text]).toEqual([204, '']);
      expect(headers).toMatchObject({
        'x-user-id': String(user.id),
        'x-user-uuid': user.uuid,
        'x-user-role': 'user',
        'x-user-client-id': '1',
        'x-user-platform-admin': 'false',
      });
      expect(JSON.stringify(headers)).not.toContain(user.email);
    }
  });

  it('answers 401 otherwise', async () => {
    const { token } = await login();
    await logout(token);
    const answers = [
      await api.call('GET', '/v1/users/auth'),
      await api.call('GET', '/v1/users/auth', { token }),
      await api.call('GET', '/v1/users/auth', { headers: { 'x-api-key': 'x' } }),
    ];
    for (const { status, headers } of answers) {
      expect([status, headers['x-user-id']]).toEqual([401, undefined]);
    }
  });
});

describe('sessions on record', () => {
  it('are forgotten when they are over and no access token of theirs can be left', async () => {
    await login();
    later(2 * DAY_MS);
    await login();
    expect(await api.em().count(Session)).toBe(2);
    later(1);
    await login();
    expect(await api.em().count(Session)).toBe(2);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKey } from '#libs/db/entities/api-key.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { createApiKey } from '#libs/testing/factories/api-key.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { MAX_API_KEYS } from './api-keys.service.ts';

const MINUTE_MS = 60_000;

let api: TestApi;
let start: Date;
beforeAll(async () => {
  api = await TestApi.start();
  start = api.clock.now();
});
afterAll(() => api.stop());

let me: User;
let token: string;
let path: string;
beforeEach(async () => {
  api.clock.set(start);
  await api.clear();
  me = await createUser(api.em());
  token = await api.login(me);
  path = `/v1/users/${me.id}/api-keys`;
});

const later = (ms: number) => api.clock.set(api.clock.now().getTime() + ms);
const inTime = (ms: number) => new Date(api.clock.now().getTime() + ms).toISOString();
const create = async (body: object = { label: 'report' }): Promise<{ id: string; key: string }> =>
  (await api.call('POST', path, { token, body })).body.data;
const withKey = (key: string, url = '/v1/whoami') => api.call('GET', url, { headers: { 'x-api-key': key } });
const codes = (answer: Answer) => [answer.status, answer.body.error_codes];
const invalid = [401, ['api_key_invalid']];

describe('an API key', () => {
  it('is shown once, when it is made, and kept as a digest only', async () => {
    const made = await api.call('POST', path, { token, body: { label: ' nightly report ' } });
    expect([made.status, made.body.data]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        label: 'nightly report',
        prefix: made.body.data.key.slice(0, 12),
        key: expect.stringMatching(/^kro_[\w-]{43}$/),
        enabled: true,
        expires_at: null,
        last_used_at: null,
        replaced_by: null,
        created_at: start.toISOString(),
        updated_at: start.toISOString(),
      },
    ]);
    const { key, ...shown } = made.body.data;
    const one = `${path}/${shown.id}`;
    const answers = [
      await api.call('GET', path, { token }),
      await api.call('GET', one, { token }),
      await api.call('PATCH', one, { token, body: { label: 'other' } }),
      await api.call('GET', `/v1/users/${me.id}`, { token }),
      await withKey(key),
    ];
    for (const { text } of answers) expect(text).not.toContain(key.slice(12));
    expect(answers[0]!.body).toMatchObject({ data: [shown], paging: { total: 1, page: 1, pages: 1 } });
    expect(answers[1]!.body.data).toEqual(shown);
    const kept = await api.em().execute(`select * from api_keys`);
    expect(JSON.stringify(kept)).not.toContain(key.slice(12));
  });

  it.each<[string, (key: string) => Record<string, string>]>([
    ['X-Api-Key', (key) => ({ 'x-api-key': key })],
    ['Bearer', (key) => ({ authorization: `Bearer ${key}` })],
    ['bare Authorization', (key) => ({ authorization: key })],
  ])('stands for its owner, as %s', async (_, headersOf) => {
    const { key } = await create();
    const answer = await api.call('GET', '/v1/whoami', { headers: headersOf(key) });
    expect([answer.status, answer.body.data.id]).toEqual([200, me.id]);
    const write = await api.call('PATCH', `/v1/users/${me.id}`, {
      headers: headersOf(key),
      body: { first_name: 'anthony' },
    });
    expect([write.status, write.body.data.first_name]).toEqual([200, 'anthony']);
  });

  it('carries the role and the client that its owner has now', async () => {
    const { key } = await create();
    expect(codes(await withKey(key, '/v1/users'))).toEqual([403, ['forbidden']]);
    await api.em().execute(`update users set role_id = 1`);
    expect((await withKey(key, '/v1/users')).status).toBe(200);
  });

  it.each(['', 'x', '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d', `kro_${'A'.repeat(43)}`, "' or 1=1 --"])(
    'that is not one opens nothing: %j',
    async (key) => expect((await withKey(key)).status).toBe(401),
  );

  it('is one of one credential', async () => {
    const { key } = await create();
    const both = await api.call('GET', '/v1/whoami', { token, headers: { 'x-api-key': key } });
    expect(codes(both)).toEqual([400, ['validation']]);
    expect(codes(await withKey(`${key}, ${key}`))).toEqual([400, ['validation']]);
  });

  it('may create accounts of its admin, and is not needed for the first', async () => {
    await api.clear();
    const body = { email: 'stark@avengers.com', password: 'x' };
    const first = await api.call('POST', '/v1/users', { body });
    const [{ key, label }] = first.body.data.api_keys;
    expect([first.status, label]).toEqual([201, 'default']);
    const second = await api.call('POST', '/v1/users', {
      body: { email: 'hulk@avengers.com', password: 'x' },
      headers: { 'x-api-key': key },
    });
    expect(second.status).toBe(201);
    const [secondKey] = second.body.data.api_keys;
    expect((await withKey(secondKey.key)).body.data).toMatchObject({ email: 'hulk@avengers.com' });
    expect((await withKey(key)).body.data).not.toHaveProperty('api_keys');
  });
});

describe('an API key ends at once', () => {
  it('when it is disabled, until it is enabled', async () => {
    const { id, key } = await create();
    const enable = (enabled: boolean) => api.call('PATCH', `${path}/${id}`, { token, body: { enabled } });
    expect((await withKey(key)).status).toBe(200);
    expect((await enable(false)).body.data.enabled).toBe(false);
    expect(codes(await withKey(key))).toEqual(invalid);
    await enable(true);
    expect((await withKey(key)).status).toBe(200);
  });

  it('when it is deleted, and when its owner is', async () => {
    const [one, two] = [await create(), await create()];
    expect((await api.call('DELETE', `${path}/${one.id}`, { token })).status).toBe(200);
    expect((await api.call('DELETE', `${path}/${one.id}`, { token })).status).toBe(404);
    expect(codes(await withKey(one.key))).toEqual(invalid);
    expect((await withKey(two.key)).status).toBe(200);
    await api.call('DELETE', `/v1/users/${me.id}`, { token });
    expect(codes(await withKey(two.key))).toEqual(invalid);
    expect(await api.em().count(ApiKey)).toBe(0);
  });

  it('when its owner is disabled', async () => {
    const { key } = await create();
    await api.em().execute(`update users set enabled = false`);
    expect(codes(await withKey(key))).toEqual(invalid);
  });

  it('when its time is over', async () => {
    const { id, key } = await create({ label: 'trial', expires_at: inTime(MINUTE_MS) });
    later(MINUTE_MS - 1);
    expect((await withKey(key)).status).toBe(200);
    later(1);
    expect(codes(await withKey(key))).toEqual(invalid);
    await api.call('PATCH', `${path}/${id}`, { token, body: { expires_at: null } });
    expect((await withKey(key)).status).toBe(200);
  });

  it('on every process, however well it is known there', async () => {
    const another = await api.startAnother();
    try {
      const { id, key } = await create();
      const headers = { 'x-api-key': key };
      for (const each of [api, another]) {
        expect((await each.call('GET', '/v1/whoami', { headers })).status).toBe(200);
      }
      await api.call('PATCH', `${path}/${id}`, { token, body: { enabled: false } });
      for (const each of [another, api]) {
        expect(codes(await each.call('GET', '/v1/whoami', { headers }))).toEqual(invalid);
      }
    } finally {
      await another.stop();
    }
  });

  it('but not with the password', async () => {
    const { key } = await create();
    await api.call('PUT', `/v1/users/${me.id}`, { token, body: { password: 'even-safer' } });
    expect((await withKey(key)).status).toBe(200);
  });
});

describe('the last use', () => {
  const lastUse = async (id: string) =>
    (await api.call('GET', `${path}/${id}`, { token })).body.data.last_used_at;

  it('is noted at most once a minute', async () => {
    const { id, key } = await create();
    await withKey(key);
    const first = await lastUse(id);
    expect(first).toBe(start.toISOString());
    later(MINUTE_MS - 1);
    await withKey(key);
    expect(await lastUse(id)).toBe(first);
    later(1);
    await withKey(key);
    expect(await lastUse(id)).toBe(api.clock.now().toISOString());
  });

  it('is written once, however many requests come together', async () => {
    const { key } = await create();
    await api.em().execute(`
      create table writes (at timestamptz);
      create function note_write() returns trigger language plpgsql as
        $$ begin insert into writes values (now()); return null; end $$;
      create trigger note_write after update on api_keys for each row execute function note_write()`);
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => withKey(key)));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(await api.em().execute(`select 1 from writes`)).toHaveLength(1);
    } finally {
      await api.em().execute(`
        drop trigger note_write on api_keys; drop function note_write(); drop table writes`);
    }
  });

  it('is not noted of a key that was refused', async () => {
    const { id, key } = await createApiKey(api.em(), me.id, { enabled: false });
    await withKey(key);
    expect(await lastUse(id)).toBeNull();
  });
});

describe('rotating', () => {
  const rotate = (id: string, body?: object) => api.call('POST', `${path}/${id}/rotate`, { token, body });

  it('gives a new key, and the old one works for the overlap', async () => {
    const old = await create();
    const { status, body } = await rotate(old.id, { overlap_minutes: 10 });
    expect([status, body.data]).toMatchObject([201, { label: 'report', expires_at: null, enabled: true }]);
    const shown = (await api.call('GET', `${path}/${old.id}`, { token })).body.data;
    expect(shown).toMatchObject({ replaced_by: body.data.id, expires_at: inTime(10 * MINUTE_MS) });
    expect((await withKey(old.key)).status).toBe(200);
    expect((await withKey(body.data.key)).status).toBe(200);
    later(10 * MINUTE_MS);
    expect(codes(await withKey(old.key))).toEqual(invalid);
    expect((await withKey(body.data.key)).status).toBe(200);
  });

  it('takes an hour of overlap, or none', async () => {
    const [one, two] = [await create(), await create()];
    await rotate(one.id);
    expect((await api.call('GET', `${path}/${one.id}`, { token })).body.data.expires_at).toBe(
      inTime(60 * MINUTE_MS),
    );
    await rotate(two.id, { overlap_minutes: 0 });
    expect(codes(await withKey(two.key))).toEqual(invalid);
  });

  it('makes the new key for as long as the old one was made for, and never prolongs the old one', async () => {
    const { id } = await create({ label: 'short', expires_at: inTime(30 * MINUTE_MS) });
    later(20 * MINUTE_MS);
    const { data } = (await rotate(id)).body;
    expect(data.expires_at).toBe(inTime(30 * MINUTE_MS));
    const old = (await api.call('GET', `${path}/${id}`, { token })).body.data;
    expect(old.expires_at).toBe(inTime(10 * MINUTE_MS));
  });

  it('takes another end for the new key', async () => {
    const { id } = await create();
    expect((await rotate(id, { expires_at: inTime(1) })).body.data.expires_at).toBe(inTime(1));
  });

  it('is possible once, also when it is asked for ten times at once', async () => {
    const { id } = await create();
    const answers = await Promise.all(Array.from({ length: 10 }, () => rotate(id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(await api.em().count(ApiKey)).toBe(2);
  });

  it('is not possible with a key that is disabled or expired', async () => {
    const disabled = await createApiKey(api.em(), me.id, { enabled: false });
    const expired = await createApiKey(api.em(), me.id, { expiresAt: start });
    for (const { id } of [disabled, expired]) expect(codes(await rotate(id))).toEqual([409, ['conflict']]);
  });

  it('can go on for ever: keys that were replaced and are over are dropped', async () => {
    let { id } = await create();
    for (let round = 0; round < 3; round++) {
      id = (await rotate(id, { overlap_minutes: 0 })).body.data.id;
    }
    expect(await api.em().count(ApiKey)).toBe(2);
  });
});

describe('keys', () => {
  it('have a bound, also when they are made at once', async () => {
    for (let n = 2; n < MAX_API_KEYS; n++) await createApiKey(api.em(), me.id);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => api.call('POST', path, { token, body: { label: 'x' } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
  });

  it.each([
    [{}, 'label is required'],
    [{ label: '' }, 'label must have 1 to 100 characters without control characters'],
    [{ label: 'x', expires_at: '2026-11-21T12:00:00Z' }, 'expires_at must be in the future'],
    [{ label: 'x', expires_at: 'soon' }, 'expires_at must be a moment, like 2026-12-02T18:00:00-05:00'],
    [{ label: 'x', hash: 'x' }, 'hash is not a known field'],
    [{ label: 'x', user_id: 1 }, 'user_id is not a known field'],
  ])('are not made of %j', async (body, error) => {
    const answer = await api.call('POST', path, { token, body });
    expect([answer.status, answer.body.errors]).toEqual([400, [error]]);
  });

  it('come in pages, newest first', async () => {
    for (let n = 0; n < 3; n++) {
      later(1);
      await create({ label: `n${n}` });
    }
    const { body } = await api.call('GET', `${path}?limit=2`, { token });
    expect(body.data.map(({ label }: { label: string }) => label)).toEqual(['n2', 'n1']);
    expect(body.paging).toEqual({ total: 3, page: 1, pages: 2 });
  });
});

describe('the rights over keys', () => {
  it('are the owner’s; admins of the client may look and disable; nobody else', async () => {
    const client = await createClient(api.em());
    const people = {
      viewer: await createUser(api.em(), { roleId: ROLES.viewer }),
      user: await createUser(api.em()),
      admin: await createUser(api.em(), { roleId: ROLES.admin }),
      platform: await createAdmin(api.em()),
      stranger: await createUser(api.em(), { clientId: client.id, roleId: ROLES.admin }),
    };
    const { id } = await createApiKey(api.em(), me.id);
    const requests: [string, string, object?][] = [
      ['GET', path],
      ['GET', `${path}/${id}`],
      ['PATCH', `${path}/${id}`, { enabled: false }],
      ['PATCH', `${path}/${id}`, { enabled: true }],
      ['PATCH', `${path}/${id}`, { enabled: false, label: 'x' }],
      ['PATCH', `${path}/${id}`, { label: 'x' }],
      ['PATCH', `${path}/${id}`, { expires_at: null }],
      ['POST', path, { label: 'x' }],
      ['POST', `${path}/${id}/rotate`],
      ['DELETE', `${path}/${id}`],
    ];
    const statuses = async (as: User) => {
      const asToken = await api.login(as);
      const found: number[] = [];
      for (const [method, url, body] of requests) {
        found.push((await api.call(method, url, { token: asToken, body })).status);
      }
      return found;
    };
    const forbidden = Array(requests.length).fill(403);
    expect(await statuses(people.viewer)).toEqual(forbidden);
    expect(await statuses(people.user)).toEqual(forbidden);
    const looksAndDisables = [200, 200, 200, 403, 403, 403, 403, 403, 403, 403];
    expect(await statuses(people.admin)).toEqual(looksAndDisables);
    expect(await statuses(people.platform)).toEqual(looksAndDisables);
    expect(await statuses(people.stranger)).toEqual(Array(requests.length).fill(404));
    expect(await statuses(me)).toEqual([200, 200, 200, 200, 200, 200, 200, 201, 409, 200]);
  });

  it('do not reach over a path: a key under another account is not found', async () => {
    const other = await createUser(api.em());
    const { id } = await createApiKey(api.em(), other.id);
    for (const method of ['GET', 'DELETE']) {
      expect((await api.call(method, `${path}/${id}`, { token })).status).toBe(404);
    }
    const admin = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const disable = { token: admin, body: { enabled: false } };
    expect((await api.call('PATCH', `${path}/${id}`, disable)).status).toBe(404);
    expect((await api.em().findOneOrFail(ApiKey, id)).enabled).toBe(true);
  });

  it('are a viewer’s over their own', async () => {
    const viewer = await createUser(api.em(), { roleId: ROLES.viewer });
    const answer = await api.call('POST', `/v1/users/${viewer.uuid}/api-keys`, {
      token: await api.login(viewer),
      body: { label: 'x' },
    });
    expect(answer.status).toBe(201);
  });
});

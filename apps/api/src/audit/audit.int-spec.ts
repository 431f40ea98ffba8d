import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAdmin, createClient, createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { actionOf } from './audit.guard.ts';
import { AuditService } from './audit.service.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_AUDIT_KEEP_DAYS: '30' });
});
afterAll(() => api.stop());

let admin: User;
let adminToken: string;
let user: User;
let token: string;
beforeEach(async () => {
  await api.clear();
  admin = await createAdmin(api.em());
  user = await createUser(api.em());
  adminToken = await api.login(admin);
  token = await api.login(user);
  await api.em().execute(`truncate audit_log restart identity`);
});

type Row = Record<string, unknown>;
const entries = () => api.em().execute<Row[]>(`select * from audit_log order by id`);
const list = async (query = '', as = adminToken) =>
  (await api.call('GET', `/v1/audit${query}`, { token: as })).body.data as Row[];

const contact = {
  first_name: 'Bruce',
  last_name: 'Banner',
  email: 'hulk@example.com',
  phone_number: '+12345670001',
  is_emergency_contact: true,
};

it('says who did what to whom, when and from where, by the names of the fields only', async () => {
  const body = { first_name: 'Anthony', password: 'new-secret' };
  await api.call('PATCH', `/v1/users/${user.uuid}`, { token, body, headers: { 'x-request-id': 'r-1' } });
  expect(await list()).toEqual([
    {
      id: 1,
      at: api.clock.now().toISOString(),
      action: 'users.update',
      result: 'done',
      actor_id: user.id,
      client_id: 1,
      user_id: user.id,
      target_id: null,
      fields: ['first_name', 'password'],
      address: '127.0.0.1',
      request_id: 'r-1',
    },
  ]);
});

it('has every change that a person can make, once', async () => {
  const path = `/v1/users/${user.id}`;
  const settings = { active: true, cron_expression: '0 18 * * *' };
  const steps: [string, string, unknown?][] = [
    ['POST', `${path}/contacts`, contact],
    ['PUT', `${path}/contacts/1`, { first_name: 'B' }],
    ['PUT', `${path}/probe_settings`, settings],
    ['POST', `${path}/probe_settings/pause`, { until: '2026-11-24T18:00:00Z' }],
    ['DELETE', `${path}/probe_settings/pause`],
    ['POST', `${path}/probes`, { in_minutes: 5 }],
    ['PUT', `${path}/probe_settings`, { active: false }],
    ['DELETE', `${path}/contacts/1`],
    ['PUT', path, { first_name: 'A' }],
    ['DELETE', path],
  ];
  for (const [method, url, body] of steps) {
    const { status } = await api.call(method, url, { token, body });
    expect([method, url, Math.floor(status / 100)]).toEqual([method, url, 2]);
  }
  const rows = await entries();
  expect(rows.map((row) => [row['action'], row['actor_id'], row['user_id'], row['target_id']])).toEqual([
    ['contacts.create', user.id, user.id, '1'],
    ['contacts.update', user.id, user.id, '1'],
    ['probe_settings.update', user.id, user.id, null],
    ['probe_settings.pause', user.id, user.id, null],
    ['probe_settings.resume', user.id, user.id, null],
    ['probes.check_on_me', user.id, user.id, '1'],
    ['probe_settings.update', user.id, user.id, null],
    ['contacts.remove', user.id, user.id, '1'],
    ['users.update', user.id, user.id, null],
    ['users.remove', user.id, user.id, null],
  ]);
});

it('has what an admin does to others, and keeps it when they are gone', async () => {
  const body = { email: 'new@example.com', password: 'x' };
  const { id } = (await api.call('POST', '/v1/users', { token: adminToken, body })).body.data;
  await api.call('DELETE', `/v1/users/${id}`, { token: adminToken });
  expect((await list(`?user_id=${id}`)).map((row) => [row['action'], row['actor_id']])).toEqual([
    ['users.remove', admin.id],
    ['users.create', admin.id],
  ]);
});

it('has log-ins, whether they went well or not', async () => {
  await api.login(user);
  await api.call('POST', '/login', { body: { email: user.email.toUpperCase(), password: 'wrong' } });
  await api.call('POST', '/login', { body: { email: 'nobody@example.com', password: 'wrong' } });
  expect(
    (await entries()).map((row) => [row['action'], row['result'], row['actor_id'], row['user_id']]),
  ).toEqual([
    ['auth.login', 'done', null, user.id],
    ['auth.login', 'refused', null, user.id],
    ['auth.login', 'refused', null, null],
  ]);
});

it('has what was forbidden, without its fields', async () => {
  await api.call('PUT', `/v1/users/${admin.id}`, { token, body: { hulk_at_example_com: 1 } });
  await api.call('POST', '/v1/users', { token, body: contact });
  expect(
    (await entries()).map((row) => [row['action'], row['result'], row['user_id'], row['fields']]),
  ).toEqual([
    ['users.update', 'refused', admin.id, []],
    ['users.create', 'refused', user.id, []],
  ]);
});

it('has nothing of what failed, was only read, or made no sense', async () => {
  await createContact(api.em(), user.id, { phoneNumber: contact.phone_number });
  const taken = await api.call('POST', `/v1/users/${user.id}/contacts`, { token, body: contact });
  expect(taken.status).toBe(409);
  await api.call('GET', `/v1/users/${user.id}`, { token });
  await api.call('PUT', `/v1/users/${user.id}`, { token, body: { nonsense: 1 } });
  await api.call('DELETE', `/v1/users/${user.id}/contacts/999`, { token });
  await api.call('POST', '/nowhere', { token });
  await api.call('POST', `/v1/users/${user.id}/contacts`, { body: contact });
  expect(await entries()).toEqual([]);
});

it('is written in the transaction of the change: without room for it nothing changes', async () => {
  await api.em().execute(`alter table audit_log rename to audit_log_gone`);
  const { status } = await api.call('POST', `/v1/users/${user.id}/contacts`, { token, body: contact });
  await api.em().execute(`alter table audit_log_gone rename to audit_log`);
  expect(status).toBe(500);
  expect((await api.call('GET', `/v1/users/${user.id}/contacts`, { token })).body.data).toEqual([]);
});

it('holds no value of anybody', async () => {
  await api.call('POST', `/v1/users/${user.id}/contacts`, { token, body: contact });
  await api.call('PUT', `/v1/users/${user.id}`, {
    token,
    body: { password: 'new-secret', first_name: 'Zoe' },
  });
  await api.call('POST', '/login', { body: { email: user.email, password: TEST_PASSWORD } });
  const text = JSON.stringify(await entries());
  const values = [contact.email, contact.phone_number, 'Bruce', 'Banner', 'Zoe', 'new-secret'];
  for (const value of [...values, TEST_PASSWORD, user.email, user.phoneNumber!, token])
    expect(text).not.toContain(value);
});

describe('the list', () => {
  it('is for admins', async () => {
    expect((await api.call('GET', '/v1/audit', { token })).status).toBe(403);
    expect((await api.call('GET', '/v1/audit')).status).toBe(401);
  });

  it('shows an admin their own client, and the platform admin all', async () => {
    const { id: clientId } = await createClient(api.em());
    const theirs = await createAdmin(api.em(), { clientId, isPlatformAdmin: false });
    await api.login(theirs);
    await api.login(user);
    const theirToken = await api.login(theirs);
    await api.call('POST', '/login', { body: { email: 'nobody@example.com', password: 'x' } });
    expect((await list('', theirToken)).map((row) => row['user_id'])).toEqual([theirs.id, theirs.id]);
    expect((await list('', adminToken)).map((row) => row['user_id'])).toEqual([
      null,
      theirs.id,
      user.id,
      theirs.id,
    ]);
  });

  it('can be narrowed, and has pages', async () => {
    for (const _ of [1, 2, 3]) await api.login(user);
    await api.call('PUT', `/v1/users/${user.id}`, { token, body: { first_name: 'A' } });
    expect(await list('?action=users.update')).toHaveLength(1);
    expect(await list(`?user_id=${admin.id}`)).toEqual([]);
    expect((await list('?limit=3&page=2')).map((row) => row['id'])).toEqual([1]);
  });

  it.each(['user_id=x', 'user_id=0', 'user_id=99999999999', 'action=%27', 'action=a.b.c'])(
    'refuses %s',
    async (query) =>
      expect((await api.call('GET', `/v1/audit?${query}`, { token: adminToken })).status).toBe(400),
  );
});

it('forgets what is older than is to be kept', async () => {
  await api.login(user);
  await api.em().execute(`update audit_log set at = at - interval '30 days 1 second'`);
  await api.login(user);
  expect(await api.app.get(AuditService).forget()).toBe(1);
  expect(await entries()).toHaveLength(1);
});

it.each([
  ['UsersController', 'update', 'users.update'],
  ['UsersController', 'patch', 'users.update'],
  ['ProbeSettingsController', 'pause', 'probe_settings.pause'],
  ['ApiKeysController', 'rotateKey', 'api_keys.rotate_key'],
])('names the act of %s.%s %s', (controller, handler, name) =>
  expect(actionOf(controller, handler)).toBe(name),
);

import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Client } from '#libs/db/entities/client.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let client: Client;
let token: string;
beforeEach(async () => {
  await api.clear();
  client = await createClient(api.em());
  token = await api.login(await createUser(api.em(), { clientId: client.id, roleId: ROLES.admin }));
});

const create = (body: object, as = token, headers = {}) =>
  api.call('POST', '/v1/clients/me/users', { token: as, body, headers });

it('creates each by itself, in order, and tells what became of it', async () => {
  const taken = await createUser(api.em());
  const { status, body, text } = await create({
    users: [
      { email: 'Tony@avengers.com', password: 'very-secure', role: 'viewer' },
      { email: 'nonsense' },
      { email: taken.email },
      { email: 'a@b.co', role: 'admin' },
      { email: 'a@b.co', group: 'admins' },
      { email: 'a@b.co', client_id: 1 },
      { email: 'a@b.co', first_name: 'a' },
      'a@b.co',
      null,
      { email: 'tony@avengers.com' },
      { email: 'hulk@avengers.com', first_name: 'bruce', last_name: 'banner', phone_number: '+12345678901' },
    ],
  });
  expect(status).toBe(200);
  expect(text).not.toContain('very-secure');
  const outcome = body.data.map((each: { success: boolean; error_codes?: string[] }) =>
    each.success ? 'created' : each.error_codes!.join(),
  );
  expect(outcome).toEqual([
    'created',
    'validation',
    'email_taken',
    'forbidden',
    'validation',
    'validation',
    'validation,validation',
    'validation',
    'validation',
    'email_taken',
    'created',
  ]);
  expect(body.data[0]).toMatchObject({
    email: 'Tony@avengers.com',
    data: { email: 'tony@avengers.com', role: 'viewer', client_id: client.id },
  });
  expect(body.data[1]).toMatchObject({
    email: 'nonsense',
    errors: [expect.stringMatching(/^email must be/)],
  });
  expect(body.data[8].email).toBeNull();
  const created = await api.em().find(User, { clientId: client.id, roleId: { $ne: ROLES.admin } });
  expect(created).toHaveLength(2);
  expect(await api.em().count(ProbeSettings, { userId: created.map(({ id }) => id) })).toBe(2);
  expect((await api.login({ email: 'tony@avengers.com' })).length).toBeGreaterThan(0);
});

it('takes bare e-mails, whose owners cannot log in before they set a password', async () => {
  const { body } = await create({ emails: ['a@b.co', 5, 'c@d.co'] });
  expect(body.data.map((each: { success: boolean }) => each.success)).toEqual([true, false, true]);
  const answer = await api.call('POST', '/login', { body: { email: 'a@b.co', password: 'x' } });
  expect([answer.status, answer.body.error_codes]).toEqual([401, ['credentials_invalid']]);
  const again = await create({ emails: ['a@b.co', 'c@d.co'] });
  expect(again.body.data.map((each: { error_codes: string[] }) => each.error_codes[0])).toEqual([
    'email_taken',
    'email_taken',
  ]);
});

it.each<[object, string]>([
  [{}, 'either users or emails is required'],
  [{ users: [{ email: 'a@b.co' }], emails: ['c@d.co'] }, 'either users or emails is required'],
  [{ emails: [] }, 'emails must not be empty'],
  [{ emails: Array.from({ length: 101 }, (_, n) => `a${n}@b.co`) }, 'emails must be at most 100'],
  [{ users: 'a@b.co' }, 'users must be a list'],
])('refuses %j as a whole', async (body, message) => {
  const answer = await create(body);
  expect([answer.status, answer.body.errors]).toEqual([400, [message]]);
  expect(await api.em().count(User)).toBe(1);
});

it('creates in the client that a platform admin chose', async () => {
  const highest = await api.login(await createAdmin(api.em()));
  const { body } = await create({ emails: ['a@b.co'] }, highest, { 'x-client-id': String(client.id) });
  expect(body.data[0].data.client_id).toBe(client.id);
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());
beforeEach(() => api.clear());

const tony = {
  first_name: 'tony',
  last_name: 'stark',
  email: 'stark@avengers.com',
  password: 'very-secure',
  phone_number: '+12345678900',
};
const unknownUuid = '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d';

describe('the first account', () => {
  it('needs no token and becomes the admin', async () => {
    const answer = await api.call('POST', '/v1/users', { body: tony });
    expect(answer.status).toBe(201);
    const { password: _, ...shown } = tony;
    expect(answer.body.data).toMatchObject({
      id: 1,
      ...shown,
      role_id: 1,
      role: 'admin',
      version: 1,
      probe_settings: {
        id: 1,
        user_id: 1,
        active: false,
        cron_expression: '0 18 * * 3',
        next_tick_at: null,
        max_retries: 3,
        wait_time_in_minutes: 60,
        escalation_wait_in_minutes: 15,
      },
    });
    expect(answer.text.replaceAll('must_change_password', '')).not.toContain('password');
    expect(await api.em().findOneOrFail(User, 1)).toMatchObject({ clientId: 1, isPlatformAdmin: true });
  });

  it('is not hindered by a token that means nothing', async () => {
    expect((await api.call('POST', '/v1/users', { body: tony, token: '<token>' })).status).toBe(201);
  });

  it('is one, however many try at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        api.call('POST', '/v1/users', { body: { email: `user${n}@example.com`, password: 'x' } }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(19);
    expect(await api.em().count(User)).toBe(1);
  });

  it('is refused with all its faults, and another one can still be the first', async () => {
    const answer = await api.call('POST', '/v1/users', { body: {} });
    expect([answer.status, answer.body.errors?.length]).toEqual([400, 5]);
    expect((await api.call('POST', '/v1/users', { body: tony })).status).toBe(201);
  });
});

describe('later accounts', () => {
  it('are created by admins only, in their own client, as plain users', async () => {
    const client = await createClient(api.em());
    const admin = await createUser(api.em(), { clientId: client.id, roleId: ROLES.admin });
    const user = await createUser(api.em());
    const create = async (as?: User) =>
      api.call('POST', '/v1/users', { body: tony, ...(as && { token: await api.login(as) }) });

    expect((await create()).status).toBe(401);
    expect((await create(user)).body).toMatchObject({
      errors: ['action is forbidden'],
      error_codes: ['forbidden'],
    });
    const answer = await create(admin);
    expect([answer.status, answer.body.data.role_id]).toEqual([201, 2]);
    const created = await api.em().findOneOrFail(User, { email: tony.email });
    expect(created).toMatchObject({ clientId: client.id, isPlatformAdmin: false, roleId: ROLES.user });
  });

  it('are unique by e-mail and by phone number, told apart', async () => {
    const token = await api.login(await createAdmin(api.em()));
    const create = (body: object) => api.call('POST', '/v1/users', { token, body });
    expect((await create(tony)).status).toBe(201);
    const sameEmail = await create({ ...tony, email: 'STARK@avengers.com', phone_number: '+12345678901' });
    expect([sameEmail.status, sameEmail.body.error_codes]).toEqual([409, ['email_taken']]);
    const samePhone = await create({ ...tony, email: 'other@avengers.com' });
    expect([samePhone.status, samePhone.body.error_codes]).toEqual([409, ['phone_taken']]);
  });

  it('may do without a profile', async () => {
    const token = await api.login(await createAdmin(api.em()));
    const { email, password } = tony;
    const answer = await api.call('POST', '/v1/users', { token, body: { email, password } });
    expect(answer.body.data).toMatchObject({ first_name: null, last_name: null, phone_number: null });
  });
});

describe('reading', () => {
  it('is for oneself by id and by UUID, and for admins within their client', async () => {
    const me = await createUser(api.em());
    const other = await createUser(api.em());
    const client = await createClient(api.em());
    const stranger = await createUser(api.em(), { clientId: client.id });
    const clientAdmin = await createUser(api.em(), { roleId: ROLES.admin });
    const platformAdmin = await createAdmin(api.em());
    const status = async (as: User, uid: number | string) =>
      (await api.call('GET', `/v1/users/${uid}`, { token: await api.login(as) })).status;

    expect(await status(me, me.id)).toBe(200);
    expect(await status(me, me.uuid.toUpperCase())).toBe(200);
    expect(await status(me, other.id)).toBe(403);
    expect(await status(me, stranger.id)).toBe(404);
    expect(await status(me, 999)).toBe(404);
    expect(await status(clientAdmin, other.uuid)).toBe(200);
    expect(await status(clientAdmin, stranger.id)).toBe(404);
    expect(await status(clientAdmin, unknownUuid)).toBe(404);
    expect(await status(platformAdmin, stranger.id)).toBe(200);
    expect(await status(platformAdmin, 'abc')).toBe(400);
  });

  it('pages lists, newest first', async () => {
    const token = await api.login(await createAdmin(api.em()));
    await api.em().execute(`
      insert into users (uuid, client_id, email, role_id, created_at, updated_at)
      select gen_random_uuid(), 1, n || '@example.com', 2, now(), now() from generate_series(1, 100) n`);
    await api.em().execute(`
      insert into probe_settings (user_id, created_at, updated_at)
      select id, now(), now() from users where id > 1`);
    const first = await api.call('GET', '/v1/users', { token });
    expect(first.body.paging).toEqual({ total: 101, page: 1, pages: 2 });
    expect(first.body.data.map((user: { id: number }) => user.id).slice(0, 2)).toEqual([101, 100]);
    const second = await api.call('GET', '/v1/users?page=2', { token });
    expect([second.body.data.length, second.body.paging]).toEqual([1, { total: 101, page: 2, pages: 2 }]);
    const beyond = await api.call('GET', '/v1/users?page=9', { token });
    expect([beyond.body.data, beyond.body.paging?.total]).toEqual([[], 101]);
    const filled = await api.call('GET', '/v1/users?limit=50&page=2', { token });
    expect(filled.body.paging).toEqual({ total: 101, page: 2, pages: 3 });
  });

  it('lists only what is within reach', async () => {
    const client = await createClient(api.em());
    const admin = await createUser(api.em(), { clientId: client.id, roleId: ROLES.admin });
    await createUser(api.em());
    const { body } = await api.call('GET', '/v1/users', { token: await api.login(admin) });
    expect(body.data.map((user: { id: number }) => user.id)).toEqual([admin.id]);
  });
});

describe('changing', () => {
  it('is for oneself only, by PUT and PATCH, and keeps what is left out', async () => {
    const me = await createUser(api.em());
    const token = await api.login(me);
    const put = await api.call('PUT', `/v1/users/${me.id}`, { token, body: { first_name: 'anthony' } });
    expect(put.body.data).toMatchObject({ first_name: 'anthony', last_name: me.lastName, version: 2 });
    const patch = await api.call('PATCH', `/v1/users/${me.uuid}`, {
      token,
      body: { phone_number: '+4915112345678' },
    });
    expect(patch.body.data).toMatchObject({
      first_name: 'anthony',
      phone_number: '+4915112345678',
      version: 3,
    });
  });

  it('is forbidden to admins, who hear 404 of what is not in their client', async () => {
    const client = await createClient(api.em());
    const user = await createUser(api.em());
    const stranger = await createUser(api.em(), { clientId: client.id });
    const token = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const status = async (id: number) =>
      (await api.call('PUT', `/v1/users/${id}`, { token, body: { first_name: 'x' } })).status;
    expect([await status(user.id), await status(stranger.id), await status(999)]).toEqual([403, 404, 404]);
  });

  it.each([{ role_id: 1 }, { is_platform_admin: true }, { client_id: 2 }, {}])(
    'never takes %j',
    async (body) => {
      const me = await createUser(api.em());
      const token = await api.login(me);
      expect((await api.call('PUT', `/v1/users/${me.id}`, { token, body })).status).toBe(400);
      const kept = await api.em().findOneOrFail(User, me.id);
      expect(kept).toMatchObject({ roleId: ROLES.user, isPlatformAdmin: false, clientId: 1, version: 1 });
    },
  );

  it('refuses what somebody else has', async () => {
    const [me, other] = [await createUser(api.em()), await createUser(api.em())];
    const token = await api.login(me);
    const change = (body: object) => api.call('PUT', `/v1/users/${me.id}`, { token, body });
    expect((await change({ email: other.email })).body.error_codes).toEqual(['email_taken']);
    expect((await change({ phone_number: other.phoneNumber })).body.error_codes).toEqual(['phone_taken']);
  });

  it('minds If-Match', async () => {
    const me = await createUser(api.em());
    const token = await api.login(me);
    const change = async (version: string) =>
      (
        await api.call('PUT', `/v1/users/${me.id}`, {
          token,
          body: { first_name: `n${version.length}` },
          headers: { 'if-match': version },
        })
      ).status;
    expect(await change('"1"')).toBe(200);
    expect(await change('"1"')).toBe(409);
    expect(await change('2')).toBe(200);
    expect(await change('*')).toBe(200);
    expect(await change('garbage')).toBe(400);
  });

  it('ends older tokens with the password', async () => {
    const me = await createUser(api.em());
    const token = await api.login(me);
    const answer = await api.call('PUT', `/v1/users/${me.id}`, { token, body: { password: 'even-safer' } });
    expect([answer.status, answer.text.includes('even-safer')]).toEqual([200, false]);
    await expect(api.login(me)).rejects.toThrow('email/password is invalid');
    const fresh = await api.login(me, 'even-safer');
    expect((await api.call('GET', '/v1/whoami', { token: fresh })).status).toBe(200);
    expect((await api.call('GET', '/v1/whoami', { token })).status).toBe(401);
  });

  it('loses nothing when two changes come at once', async () => {
    const me = await createUser(api.em());
    const token = await api.login(me);
    const changes = [{ first_name: 'a' }, { last_name: 'b' }, { phone_number: '+4915100000001' }];
    const answers = await Promise.all(
      changes.map((body) => api.call('PATCH', `/v1/users/${me.id}`, { token, body })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(await api.em().findOneOrFail(User, me.id)).toMatchObject({
      firstName: 'a',
      lastName: 'b',
      phoneNumber: '+4915100000001',
      version: 4,
    });
  });
});

describe('deleting', () => {
  it('takes everything along and tells the workflow', async () => {
    const me = await createUser(api.em());
    await createContact(api.em(), me.id);
    await createProbe(api.em(), me.id);
    const token = await api.login(me);
    const answer = await api.call('DELETE', `/v1/users/${me.id}`, { token });
    expect([answer.status, answer.body.success, 'data' in answer.body]).toEqual([200, true, false]);
    expect(await api.delivered()).toEqual([{ kind: 'probe', entityId: me.id, signal: 'cancel' }]);
    for (const table of ['users', 'contacts', 'probes', 'probe_settings', 'wakeups']) {
      expect(await api.em().execute(`select 1 from ${table}`)).toEqual([]);
    }
    expect((await api.call('GET', `/v1/users/${me.id}`, { token })).status).toBe(401);
  });

  it('is for oneself and for admins within their client', async () => {
    const client = await createClient(api.em());
    const user = await createUser(api.em());
    const stranger = await createUser(api.em(), { clientId: client.id });
    const userToken = await api.login(await createUser(api.em()));
    const adminToken = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const status = async (token: string, id: number) =>
      (await api.call('DELETE', `/v1/users/${id}`, { token })).status;
    expect(await status(userToken, user.id)).toBe(403);
    expect(await status(adminToken, stranger.id)).toBe(404);
    expect(await status(adminToken, user.id)).toBe(200);
    expect(await status(adminToken, user.id)).toBe(404);
  });

  it('lets the first account go last, after which the next is the first again', async () => {
    const admin = await createAdmin(api.em());
    const user = await createUser(api.em());
    const token = await api.login(admin);
    const refused = await api.call('DELETE', `/v1/users/${admin.id}`, { token });
    expect([refused.status, refused.body.error_codes]).toEqual([409, ['conflict']]);
    await api.call('DELETE', `/v1/users/${user.id}`, { token });
    expect((await api.call('DELETE', `/v1/users/${admin.id}`, { token })).status).toBe(200);
    const next = await api.call('POST', '/v1/users', { body: tony });
    expect([next.status, next.body.data.role_id]).toEqual([201, 1]);
  });
});

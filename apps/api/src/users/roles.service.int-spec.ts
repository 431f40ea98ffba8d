import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { lockPerson } from '#libs/db/queries/person';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let admin: User;
let user: User;
let token: string;
beforeEach(async () => {
  await api.clear();
  admin = await createUser(api.em(), { roleId: ROLES.admin });
  user = await createUser(api.em());
  token = await api.login(admin);
});

const change = (of: User, body: object, as = token, headers = {}) =>
  api.call('PATCH', `/v1/users/${of.uuid}/role`, { token: as, body, headers });
const whoami = async (as: string) => (await api.call('GET', '/v1/whoami', { token: as })).status;

describe('a role', () => {
  it('counts at once, and ends the tokens that say otherwise', async () => {
    const old = await api.login(user);
    const answer = await change(user, { role: 'admin' });
    expect(answer.body.data).toMatchObject({
      id: user.id,
      role: 'admin',
      role_id: 1,
      level: 999,
      client_id: 1,
      is_platform_admin: false,
      enabled: true,
      version: 2,
    });
    expect(await whoami(old)).toBe(401);
    const fresh = await api.login(user);
    expect(decodeJwt(fresh)).toMatchObject({ is_admin: true, groups: ['admins'], levelOnEntity: 999 });
    expect((await api.call('GET', '/v1/users', { token: fresh })).status).toBe(200);
  });

  it('that is the present one changes nothing', async () => {
    const old = await api.login(user);
    expect((await change(user, { role: 'user', enabled: true })).body.data.version).toBe(1);
    expect(await whoami(old)).toBe(200);
  });

  it('may come with a level of its own, until null takes it away', async () => {
    expect((await change(user, { level: 1000 })).body.data.level).toBe(1000);
    expect(decodeJwt(await api.login(user))).toMatchObject({ levelOnEntity: 1000 });
    expect((await change(user, { level: 0 })).body.data.level).toBe(0);
    expect((await change(user, { level: null })).body.data.level).toBe(100);
  });

  it.each([
    {},
    { version: 1 },
    { role: 'root' },
    { level: 1001 },
    { level: -1 },
    { enabled: 'no' },
    { is_platform_admin: true },
  ])('is never changed by %j', async (body) => {
    expect((await change(user, body)).status).toBe(400);
    expect(await api.em().findOneOrFail(User, user.id)).toMatchObject({ version: 1, roleId: ROLES.user });
  });

  it('is not changed by who saw another version', async () => {
    expect((await change(user, { role: 'viewer', version: 7 })).body.error_codes).toEqual(['conflict']);
    expect((await change(user, { role: 'viewer' }, token, { 'if-match': '"7"' })).status).toBe(409);
    expect((await change(user, { role: 'viewer', version: 1 }, token, { 'if-match': '"1"' })).status).toBe(
      200,
    );
    expect((await change(user, { role: 'admin', version: 1 })).status).toBe(409);
  });

  it('is nobody’s own to lose, and the platform admin keeps theirs', async () => {
    const platformAdmin = await createAdmin(api.em());
    const highest = await api.login(platformAdmin);
    expect((await change(admin, { role: 'user' })).body.error_codes).toEqual(['conflict']);
    expect((await change(admin, { enabled: false })).body.error_codes).toEqual(['conflict']);
    expect((await change(platformAdmin, { enabled: false }, highest)).status).toBe(409);
    expect((await change(platformAdmin, { role: 'viewer' })).body.error_codes).toEqual(['forbidden']);
    expect((await change(admin, { role: 'user' }, highest)).status).toBe(200);
  });

  it('is one at a time: of two admins who disable each other at once, one remains', async () => {
    const other = await createUser(api.em(), { roleId: ROLES.admin });
    const otherToken = await api.login(other);
    await Promise.all([change(other, { enabled: false }), change(admin, { enabled: false }, otherToken)]);
    const enabled = await api.em().count(User, { roleId: ROLES.admin, enabled: true });
    expect(enabled).toBe(1);
  });
});

it('of two admins who delete each other at once, one remains', async () => {
  const other = await createUser(api.em(), { roleId: ROLES.admin });
  const otherToken = await api.login(other);
  await Promise.all([
    api.call('DELETE', `/v1/users/${other.id}`, { token }),
    api.call('DELETE', `/v1/users/${admin.id}`, { token: otherToken }),
  ]);
  expect(await api.em().count(User, { roleId: ROLES.admin })).toBe(1);
});

describe('a disabled account', () => {
  const watch = async () => {
    await createContact(api.em(), user.id);
    const settings = { token: await api.login(user), body: { active: true } };
    expect((await api.call('PUT', `/v1/users/${user.id}/probe_settings`, settings)).status).toBe(200);
  };

  it('is known to nobody at once, and again when it is enabled, with new tokens', async () => {
    const old = await api.login(user);
    expect((await change(user, { enabled: false })).body.data.enabled).toBe(false);
    expect(await whoami(old)).toBe(401);
    await expect(api.login(user)).rejects.toThrow('email/password is invalid');
    expect((await change(user, { enabled: true })).status).toBe(200);
    expect(await whoami(old)).toBe(401);
    expect(await whoami(await api.login(user))).toBe(200);
  });

  it('is not checked on any more, and its workflow hears of it', async () => {
    await watch();
    const probe = await createProbe(api.em(), user.id);
    const em = api.em();
    em.create(OneOffCheck, {
      userId: user.id,
      dueAt: api.clock.now(),
      createdAt: api.clock.now(),
      maxRetries: 1,
      waitTimeInMinutes: 1,
    });
    await em.flush();
    await api.delivered();
    api.signals.length = 0;

    const answer = await change(user, { enabled: false });
    expect(answer.body.data.probe_settings).toMatchObject({ active: false, next_tick_at: null });
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_user',
    });
    expect(await api.em().count(OneOffCheck, { cancelledAt: null })).toBe(0);
    expect(await api.delivered()).toEqual([{ kind: 'probe', entityId: user.id, signal: 'settingsChanged' }]);

    await change(user, { enabled: true });
    expect(await api.em().findOneOrFail(ProbeSettings, { userId: user.id })).toMatchObject({ active: false });
    expect(await api.delivered()).toHaveLength(1);
  });

  it('cannot be watched by a request that was under way', async () => {
    await createContact(api.em(), user.id);
    const own = { token: await api.login(user) };
    const requests: Promise<{ status: number }>[] = [];
    await api.em().transactional(async (em) => {
      await lockPerson(em, user.id);
      requests.push(
        api.call('PUT', `/v1/users/${user.id}/probe_settings`, { ...own, body: { active: true } }),
        api.call('POST', `/v1/users/${user.id}/probes`, { ...own, body: { in_minutes: 5 } }),
      );
      await waitingForLocks(2);
      await em.execute(`update users set enabled = false where id = ?`, [user.id]);
    });
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual([403, 403]);
    expect(await api.em().findOneOrFail(ProbeSettings, { userId: user.id })).toMatchObject({ active: false });
    expect(await api.em().count(OneOffCheck)).toBe(0);
    expect(await api.delivered()).toEqual([]);
  });
});

/** Until so many statements wait for a lock that somebody else holds. */
async function waitingForLocks(count: number): Promise<void> {
  for (;;) {
    const [row] = await api.em().execute<{ count: number }[]>(
      `select count(*)::int as count from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (row!.count >= count) return;
  }
}

describe('a new account', () => {
  const create = (body: object, as = token, headers = {}) =>
    api.call('POST', '/v1/users', { token: as, headers, body: { email: 'a@b.co', password: 'x', ...body } });

  it('is a user or a viewer of the admin’s own client', async () => {
    const other = await createClient(api.em());
    expect((await create({ role: 'viewer', client_id: 1 })).body.data).toMatchObject({
      role: 'viewer',
      client_id: 1,
      level: 10,
    });
    const refusals = [
      await create({ role: 'admin', email: 'c@b.co' }),
      await create({ client_id: other.id, email: 'c@b.co' }),
      await create({ client_id: 999, email: 'c@b.co' }),
      await create({ email: 'c@b.co' }, token, { 'x-client-id': String(other.id) }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403, 404]);
    expect((await create({ group: 'admins', email: 'c@b.co' })).status).toBe(400);
    expect(await api.em().count(User)).toBe(3);
  });

  it('is whatever the platform admin wants, where they want it', async () => {
    const other = await createClient(api.em());
    const highest = await api.login(await createAdmin(api.em()));
    const first = await create({ role: 'admin', client_id: other.id }, highest);
    expect(first.body.data).toMatchObject({ role: 'admin', client_id: other.id, is_platform_admin: false });
    const second = await create({ email: 'c@b.co' }, highest, { 'x-client-id': other.uuid });
    expect(second.body.data).toMatchObject({ role: 'user', client_id: other.id });
    const nowhere = await create({ email: 'd@b.co', client_id: 999 }, highest);
    expect([nowhere.status, nowhere.body.errors]).toEqual([404, ['client not found']]);
  });

  it('that is the first has nothing to choose', async () => {
    await api.clear();
    const body = { email: 'a@b.co', password: 'x' };
    for (const wish of [{ role: 'admin' }, { client_id: 1 }]) {
      expect((await api.call('POST', '/v1/users', { body: { ...body, ...wish } })).status).toBe(400);
    }
    expect((await api.call('POST', '/v1/users', { body })).status).toBe(201);
    expect((await api.call('POST', '/v1/users', { body: { ...body, role: 'admin' } })).status).toBe(401);
  });
});

it('is changed by its owner only as the version in the body says', async () => {
  const own = await api.login(user);
  const put = (body: object) => api.call('PUT', `/v1/users/${user.id}`, { token: own, body });
  expect((await put({ first_name: 'a', version: 1 })).body.data.version).toBe(2);
  expect((await put({ first_name: 'b', version: 1 })).body.error_codes).toEqual(['conflict']);
  expect((await put({ version: 2 })).body.errors).toEqual(['valid fields required']);
});

it('is deleted while its owner changes their number, without either hanging', async () => {
  const own = await api.login(user);
  const answers = await Promise.all([
    api.call('PUT', `/v1/users/${user.id}`, { token: own, body: { phone_number: '+4915100000001' } }),
    api.call('DELETE', `/v1/users/${user.id}`, { token }),
  ]);
  expect(answers[1]!.status).toBe(200);
  expect([200, 401, 404]).toContain(answers[0]!.status);
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { PROBE_STATUSES } from '#libs/domain/probe';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAlert, createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let me: User;
let token: string;
beforeEach(async () => {
  await api.clear();
  me = await createUser(api.em());
  token = await api.login(me);
});

const ids = (rows: { id: number }[]) => rows.map((row) => row.id);

describe("a person's probes", () => {
  it('are shown newest first with the latest alert and all alerts', async () => {
    const contact = await createContact(api.em(), me.id);
    const good = await createProbe(api.em(), me.id, 'good');
    const bad = await createProbe(api.em(), me.id, 'bad');
    const [first, second] = [
      await createAlert(api.em(), bad, contact.id, 1),
      await createAlert(api.em(), bad, contact.id, 2),
    ];
    const { body } = await api.call('GET', `/v1/users/${me.id}/probes`, { token });
    expect(ids(body.data)).toEqual([bad.id, good.id]);
    expect(body.data[0]).toMatchObject({
      user_id: me.id,
      kind: 'scheduled',
      probe_status_id: 3,
      status: {
        id: 3,
        name: 'bad',
      },
      reason: 'replied',
      emergency_probe: {
        id: second.id,
        probe_id: bad.id,
        contact_id: contact.id,
      },
      alerts: [
        {
          id: first.id,
          round: 1,
          delivery_status: 'delivered',
          sent_at: expect.any(String),
        },
        {
          id: second.id,
          round: 2,
        },
      ],
    });
    expect(body.data[1]).toMatchObject({ alerts: [], status: { name: 'good' } });
    expect(body.data[1]).not.toHaveProperty('emergency_probe');
  });

  it('keep alerts whose contact was deleted', async () => {
    const contact = await createContact(api.em(), me.id);
    await createAlert(api.em(), await createProbe(api.em(), me.id, 'unavailable'), contact.id);
    await api.call('DELETE', `/v1/users/${me.id}/contacts/${contact.id}`, { token });
    const { body } = await api.call('GET', `/v1/users/${me.id}/probes`, { token });
    expect(body.data[0].emergency_probe).toMatchObject({ contact_id: null });
  });

  it('are for the person and for admins within their client', async () => {
    const client = await createClient(api.em());
    const stranger = await createUser(api.em(), { clientId: client.id });
    const admin = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const probe = await createProbe(api.em(), me.id);
    const read = (as: string, id: number) => api.call('GET', `/v1/users/${id}/probes`, { token: as });
    expect(ids((await read(admin, me.id)).body.data)).toEqual([probe.id]);
    expect((await read(admin, stranger.id)).status).toBe(404);
    expect((await read(token, stranger.id)).status).toBe(404);
  });
});

describe('all probes', () => {
  it('are filtered by state and counted, within reach', async () => {
    const client = await createClient(api.em());
    const stranger = await createUser(api.em(), { clientId: client.id });
    const mine = new Map<string, number>();
    for (const status of PROBE_STATUSES) mine.set(status, (await createProbe(api.em(), me.id, status)).id);
    const foreign = await createProbe(api.em(), stranger.id, 'good');
    const clientAdmin = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const platformAdmin = await api.login(await createAdmin(api.em()));

    for (const status of PROBE_STATUSES) {
      const { body } = await api.call('GET', `/v1/probes?status=${status}`, { token: clientAdmin });
      expect([ids(body.data), body.paging?.total]).toEqual([[mine.get(status)], 1]);
    }
    expect((await api.call('GET', '/v1/probes', { token: platformAdmin })).body.paging?.total).toBe(6);
    const stats = (as: string) => api.call('GET', '/v1/probes/stats', { token: as });
    expect((await stats(clientAdmin)).body.data).toEqual({
      pending_probe_count: 1,
      good_probe_count: 1,
      bad_probe_count: 1,
      cancelled_probe_count: 1,
      unavailable_probe_count: 1,
    });
    expect((await stats(platformAdmin)).body.data.good_probe_count).toBe(2);

    const get = (id: number | undefined, as: string) => api.call('GET', `/v1/probes/${id}`, { token: as });
    expect((await get(mine.get('bad'), clientAdmin)).body.data).toMatchObject({ status: { name: 'bad' } });
    expect((await get(foreign.id, clientAdmin)).status).toBe(404);
    expect((await get(foreign.id, platformAdmin)).status).toBe(200);
  });

  it.each(['/v1/probes', '/v1/probes/stats', '/v1/probes/1'])('are not for plain users: %s', async (path) => {
    expect((await api.call('GET', path, { token })).status).toBe(403);
    expect((await api.call('GET', path)).status).toBe(401);
  });
});

describe('"check on me"', () => {
  const ask = (body?: object) =>
    api.call('POST', `/v1/users/${me.id}/probes`, { token, ...(body && { body }) });

  it('plans a check and wakes the workflow, with or without a body', async () => {
    await createContact(api.em(), me.id);
    const now = api.clock.now();
    const answer = await ask();
    expect([answer.status, answer.body.data]).toEqual([
      201,
      {
        id: 1,
        due_at: new Date(now.getTime() + 5 * 60_000).toISOString(),
        max_retries: 3,
        wait_time_in_minutes: 10,
        created_at: now.toISOString(),
      },
    ]);
    expect(await api.delivered()).toEqual([{ kind: 'probe', entityId: me.id, signal: 'checkOnMe' }]);
    const chosen = await ask({ in_minutes: 30, max_retries: 0, wait_time_in_minutes: 5 });
    expect(chosen.body.data).toMatchObject({ max_retries: 0, wait_time_in_minutes: 5 });
  });

  it('needs a phone number and an emergency contact', async () => {
    expect((await ask()).body.error_codes).toEqual(['contact_required']);
    await api.em().execute(`update users set phone_number = null`);
    const answer = await ask();
    expect([answer.status, answer.body.error_codes]).toEqual([403, ['phone_required']]);
  });

  it('lets ten wait, also when they come at once', async () => {
    await createContact(api.em(), me.id);
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask()));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(10);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(2);
  });

  it('is nobody else’s to ask', async () => {
    const admin = await api.login(await createAdmin(api.em()));
    expect((await api.call('POST', `/v1/users/${me.id}/probes`, { token: admin })).status).toBe(403);
  });
});

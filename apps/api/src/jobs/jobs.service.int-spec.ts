import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createDrill, createDrillMessage } from '#libs/testing/factories/drill.factory';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
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
  token = await api.login(await createAdmin(api.em()));
  await createContact(api.em(), user.id);
  const probe = await createProbe(api.em(), user.id);
  for (const status of ['queued', 'sending', 'accepted', 'delivered', 'failed'] as const) {
    await createMessage(api.em(), probe, status);
  }
  await api.call('POST', `/v1/users/${user.id}/probes`, { token: await api.login(user) });
});

it('counts every state', async () => {
  expect((await api.call('GET', '/v1/jobs/stats', { token })).body.data).toEqual({
    enqueued_job_count: 1,
    scheduled_job_count: 1,
    in_progress_job_count: 1,
    successful_job_count: 2,
    dead_job_count: 1,
  });
});

it('lists and filters, and shows neither numbers nor texts', async () => {
  const all = await api.call('GET', '/v1/jobs', { token });
  expect(all.body.paging).toEqual({ total: 6, page: 1, pages: 1 });
  expect(all.text).not.toMatch(/\+1666|please reach out/);
  for (const [status, count] of [
    ['enqueued', 1],
    ['in-progress', 1],
    ['successful', 2],
    ['dead', 1],
    ['scheduled', 1],
  ]) {
    const { body } = await api.call('GET', `/v1/jobs?status=${status}`, { token });
    expect(body.data).toHaveLength(Number(count));
    expect(body.data[0]).toMatchObject({ status: { name: status }, claimed: status === 'in-progress' });
  }
  const page = await api.call('GET', '/v1/jobs?limit=4&page=2', { token });
  expect([page.body.data.length, page.body.paging]).toEqual([2, { total: 6, page: 2, pages: 2 }]);
});

it('tells which drill a text belongs to, and of which kind a notice is', async () => {
  const drill = await createDrill(api.em(), user.id, api.clock.now());
  const to = { toNumber: user.phoneNumber!, status: 'queued' } as const;
  await createDrillMessage(api.em(), drill, { ...to, kind: 'drill_question' });
  const { body } = await api.call('GET', '/v1/jobs?status=enqueued', { token });
  expect(
    body.data.map((each: { handler: string; args: string }) => [each.handler, JSON.parse(each.args)]),
  ).toEqual(
    expect.arrayContaining([
      ['drill_question', { probe_id: null, drill_id: drill.id }],
      [expect.any(String), { probe_id: expect.any(Number), drill_id: null }],
    ]),
  );
  const shown = await api.call('GET', `/v1/users/${user.id}/messages`, { token });
  expect(shown.body.data.map((each: { drill_id: unknown }) => each.drill_id)).toContain(drill.id);
});

it('is for admins, within their client', async () => {
  for (const path of ['/v1/jobs', '/v1/jobs/stats']) {
    expect((await api.call('GET', path)).status).toBe(401);
    expect((await api.call('GET', path, { token: await api.login(user) })).status).toBe(403);
  }
  const client = await createClient(api.em());
  const admin = await api.login(await createUser(api.em(), { clientId: client.id, roleId: ROLES.admin }));
  expect((await api.call('GET', '/v1/jobs', { token: admin })).body.data).toEqual([]);
});

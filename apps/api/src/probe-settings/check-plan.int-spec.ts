import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAdmin, createUser } from '#libs/testing/factories/user.factory';
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
  api.clock.set(new Date('2026-11-21T12:00:00Z'));
  me = await createUser(api.em());
  token = await api.login(me);
  await createContact(api.em(), me.id);
});

const put = (body: object) => api.call('PUT', `/v1/users/${me.id}/probe_settings`, { token, body });
const night = { quiet_hours_from: '22:00', quiet_hours_to: '07:00' };

it('shows that there is nothing unless it is asked for', async () => {
  const nothing = { quiet_hours_from: null, quiet_hours_to: null, time_zone: null, paused_until: null };
  expect((await put({ max_retries: 1 })).body.data).toMatchObject({ ...nothing, next_checks: [] });
  expect((await put({ active: true, cron_expression: '30 23 * * *' })).body.data).toMatchObject({
    ...nothing,
    next_tick_at: '2026-11-21T23:30:00.000Z',
    next_checks: ['2026-11-21T23:30:00.000Z', '2026-11-22T23:30:00.000Z', '2026-11-23T23:30:00.000Z'],
  });
});

it('shows the same wherever settings are shown', async () => {
  const { data } = (await put({ active: true, time_zone: 'Asia/Tokyo', ...night })).body;
  expect(data.next_checks).toHaveLength(3);
  const admin = await createAdmin(api.em());
  const as = await api.login(admin);
  const list = await api.call('GET', '/v1/users', { token: as });
  for (const user of [
    (await api.call('GET', `/v1/users/${me.uuid}`, { token })).body.data,
    (await api.call('GET', '/v1/whoami', { token })).body.data,
    (await api.call('PATCH', `/v1/users/${me.id}`, { token, body: { first_name: 'Tony' } })).body.data,
    (list.body.data as { id: number }[]).find(({ id }) => id === me.id),
  ]) {
    expect(user.probe_settings).toEqual(data);
  }
  const created = await api.call('POST', '/v1/users', {
    token: as,
    body: { email: 'new@example.org', password: 'very-secure' },
  });
  expect(created.body.data.probe_settings).toMatchObject({ time_zone: null, next_checks: [] });
});

describe('quiet hours', () => {
  it('move the checks, and wake the workflow', async () => {
    await put({ active: true, cron_expression: '30 23 * * *' });
    await api.delivered();
    api.signals.length = 0;
    expect((await put(night)).body.data).toMatchObject({
      ...night,
      next_tick_at: '2026-11-22T07:00:00.000Z',
      next_checks: ['2026-11-22T07:00:00.000Z', '2026-11-23T07:00:00.000Z', '2026-11-24T07:00:00.000Z'],
    });
    expect(await api.delivered()).toMatchObject([{ kind: 'probe', signal: 'settingsChanged' }]);
  });

  it('are removed by null, and stay when they are left out', async () => {
    await put({ active: true, cron_expression: '30 23 * * *', ...night });
    expect((await put({ max_retries: 1 })).body.data).toMatchObject(night);
    expect((await put({ quiet_hours_from: null, quiet_hours_to: null })).body.data).toMatchObject({
      quiet_hours_from: null,
      quiet_hours_to: null,
      next_tick_at: '2026-11-21T23:30:00.000Z',
    });
  });

  it('that are changed in the night keep what that night has held back', async () => {
    await put({ active: true, cron_expression: '30 23 * * *', ...night });
    api.clock.set(new Date('2026-11-22T03:00:00Z'));
    token = await api.login(me);
    expect((await put({ ...night, quiet_hours_to: '08:00' })).body.data).toMatchObject({
      next_tick_at: '2026-11-22T08:00:00.000Z',
    });
  });

  it('given as before leave the plan alone', async () => {
    await put({ active: true, cron_expression: '30 12 * * *', ...night });
    // The tick is overdue by now: planning anew would lose it.
    api.clock.set(new Date('2026-11-21T12:40:00Z'));
    expect((await put({ ...night, time_zone: null })).body.data).toMatchObject({
      next_tick_at: '2026-11-21T12:30:00.000Z',
    });
  });

  it.each<[object, string]>([
    [{ quiet_hours_from: '22:00' }, 'given together'],
    [{ quiet_hours_from: '22:00', quiet_hours_to: '22:00' }, 'must differ'],
    [{ quiet_hours_from: '22:00', quiet_hours_to: '7' }, 'quiet_hours_to must be a time of day'],
    [{ time_zone: 'Mars/Olympus' }, 'time_zone must be the name of a time zone'],
    [{ quiet_hours: '22-7' }, 'quiet_hours is not a known field'],
  ])('%j is refused', async (body, sentence) => {
    const answer = await put(body);
    expect([answer.status, answer.body.errors!.join()]).toEqual([400, expect.stringContaining(sentence)]);
  });

  it('are guarded by the database as well', async () => {
    const set = (from: string | null, to: string | null) =>
      api.em().execute(`update probe_settings set quiet_hours_from = ?, quiet_hours_to = ?`, [from, to]);
    for (const [from, to] of [
      ['22:00', null],
      [null, '07:00'],
      ['07:00', '07:00'],
      ['24:00', '07:00'],
      ['22:00', '7:00'],
    ] as const) {
      await expect(set(from, to)).rejects.toThrow('violates check constraint "probe_settings_quiet_hours');
    }
  });
});

it("lets schedule and quiet hours follow the person's own clock", async () => {
  await put({ active: true, cron_expression: '0 18 * * *' });
  expect((await put({ time_zone: 'America/Toronto' })).body.data).toMatchObject({
    time_zone: 'America/Toronto',
    next_tick_at: '2026-11-21T23:00:00.000Z',
  });
  const evening = { quiet_hours_from: '17:30', quiet_hours_to: '19:15' };
  expect((await put(evening)).body.data).toMatchObject({ next_tick_at: '2026-11-22T00:15:00.000Z' });
  expect((await put({ time_zone: null })).body.data).toMatchObject({
    time_zone: null,
    next_tick_at: '2026-11-21T19:15:00.000Z',
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
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
});

const put = (body: object | string, as = token) =>
  api.call('PUT', `/v1/users/${me.id}/probe_settings`, { token: as, body });
const news = { kind: 'probe', signal: 'settingsChanged' };

describe('turning on', () => {
  it('needs an emergency contact and says so', async () => {
    await createContact(api.em(), me.id, { isEmergencyContact: false });
    const answer = await put({ active: true });
    expect([answer.status, answer.body.error_codes]).toEqual([403, ['contact_required']]);
    expect(answer.body.errors?.[0]).toContain('an emergency contact is required');
  });

  it('needs a phone number', async () => {
    await api.em().execute(`update users set phone_number = null`);
    await createContact(api.em(), me.id);
    expect((await put({ active: true })).body.error_codes).toEqual(['phone_required']);
  });

  it('plans the next tick and wakes the workflow', async () => {
    await createContact(api.em(), me.id);
    const answer = await put({ active: true, cron_expression: '0 18 * * */1' });
    expect([answer.status, answer.body.data]).toMatchObject([
      200,
      { active: true, cron_expression: '0 18 * * */1', next_tick_at: '2026-11-21T18:00:00.000Z' },
    ]);
    expect(await api.delivered()).toMatchObject([{ ...news, entityId: me.id }]);
    expect(await api.em().execute(`select 1 from wakeups`)).toEqual([]);
  });

  it('changes nothing of what was refused', async () => {
    expect((await put({ active: true, max_retries: 1 })).status).toBe(403);
    const answer = await put({ wait_time_in_minutes: 5 });
    expect(answer.body.data).toMatchObject({ active: false, max_retries: 3, wait_time_in_minutes: 5 });
  });
});

describe('while it is on', () => {
  beforeEach(async () => {
    await createContact(api.em(), me.id);
    await put({ active: true });
    await api.delivered();
    api.signals.length = 0;
  });

  it('plans anew for another cron expression', async () => {
    const answer = await put({ cron_expression: '30 12 * * *' });
    expect(answer.body.data).toMatchObject({ active: true, next_tick_at: '2026-11-21T12:30:00.000Z' });
    expect(await api.delivered()).toMatchObject([news]);
  });

  it('keeps the plan and the workflow asleep when the schedule stays', async () => {
    const before = await put({ cron_expression: '30 12 * * *' });
    await api.delivered();
    api.signals.length = 0;
    // The tick is overdue by now: planning anew would lose it.
    api.clock.set(new Date('2026-11-21T12:40:00Z'));
    const answer = await put({ active: true, cron_expression: '30 12 * * *', max_retries: 0 });
    expect(answer.body.data).toMatchObject({ next_tick_at: '2026-11-21T12:30:00.000Z', max_retries: 0 });
    expect(answer.body.data.updated_at).not.toBe(before.body.data.updated_at);
    expect(await api.delivered()).toEqual([]);
  });

  it('is turned off together with what was going on', async () => {
    const probe = await createProbe(api.em(), me.id);
    await api.call('POST', `/v1/users/${me.id}/probes`, { token });
    const answer = await put({ active: false });
    expect(answer.body.data).toMatchObject({ active: false, next_tick_at: null });
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_user',
      decidedAt: api.clock.now(),
    });
    expect(await api.em().findOneOrFail(OneOffCheck, { userId: me.id })).toMatchObject({
      cancelledAt: api.clock.now(),
    });
    expect((await api.delivered()).at(-1)).toMatchObject({ ...news, entityId: me.id });
  });

  it('leaves decided probes alone', async () => {
    const probe = await createProbe(api.em(), me.id, 'bad');
    await put({ active: false });
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({ status: 'bad', reason: 'replied' });
  });
});

describe('while it is off', () => {
  it('keeps the workflow asleep', async () => {
    await put({ active: false });
    await put({ cron_expression: '* * * * *' });
    expect(await api.delivered()).toEqual([]);
  });

  it('still ends a check that was asked for', async () => {
    await createContact(api.em(), me.id);
    await api.call('POST', `/v1/users/${me.id}/probes`, { token });
    await api.delivered();
    api.signals.length = 0;
    await put({ active: false });
    expect(await api.delivered()).toMatchObject([news]);
    expect(await api.em().count(OneOffCheck, { cancelledAt: null })).toBe(0);
  });
});

it('is for oneself only, by PUT and PATCH', async () => {
  const other = await createUser(api.em());
  expect((await put({ max_retries: 1 }, await api.login(other))).status).toBe(403);
  expect((await put({ max_retries: 1 }, await api.login(await createAdmin(api.em())))).status).toBe(403);
  const patch = await api.call('PATCH', `/v1/users/${me.uuid}/probe_settings/`, {
    token,
    body: { escalation_wait_in_minutes: 5 },
  });
  expect(patch.body.data).toMatchObject({ escalation_wait_in_minutes: 5 });
});

it('loses nothing when changes come at once', async () => {
  await createContact(api.em(), me.id);
  const bodies = [
    { active: true },
    { max_retries: 1 },
    { wait_time_in_minutes: 7 },
    { escalation_wait_in_minutes: 8 },
  ];
  const answers = await Promise.all(bodies.map((body) => put(body)));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  expect((await put({ cron_expression: '0 1 * * *' })).body.data).toMatchObject({
    active: true,
    max_retries: 1,
    wait_time_in_minutes: 7,
    escalation_wait_in_minutes: 8,
  });
});

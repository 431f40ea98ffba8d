import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InboundMessage } from '#libs/db/entities/inbound-message.entity';
import { Message } from '#libs/db/entities/message.entity';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { User } from '#libs/db/entities/user.entity';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let me: User;
let token: string;
let sequence = 0;
// A Saturday; the schedule is daily at 18:00 UTC.
beforeEach(async () => {
  await api.clear();
  await api.em().nativeDelete(InboundMessage, {});
  api.clock.set(new Date('2026-11-21T12:00:00Z'));
  me = await createUser(api.em());
  token = await api.login(me);
  await createContact(api.em(), me.id);
  await put({ active: true, cron_expression: '0 18 * * *' });
  await forgetSignals();
});

const path = () => `/v1/users/${me.id}/probe_settings`;
const put = (body: object) => api.call('PUT', path(), { token, body });
const pause = (until: string, as = token) =>
  api.call('POST', `${path()}/pause`, { token: as, body: { until } });
const resume = (as = token) => api.call('DELETE', `${path()}/pause`, { token: as });
const text = (body: string) =>
  api.app.get(InboundTexts).receive({ sid: `SM${++sequence}`, from: me.phoneNumber!, body });
const settings = () => api.em().findOneOrFail(ProbeSettings, { userId: me.id });
const shown = async () =>
  (await api.call('GET', `/v1/users/${me.id}`, { token })).body.data.probe_settings as Record<
    string,
    unknown
  >;
async function forgetSignals(): Promise<void> {
  await api.delivered();
  api.signals.length = 0;
}
const news = { kind: 'probe', signal: 'settingsChanged' };
const paused = {
  active: true,
  paused_until: '2026-11-24T18:00:00.000Z',
  next_tick_at: '2026-11-24T18:00:00.000Z',
  next_checks: ['2026-11-24T18:00:00.000Z', '2026-11-25T18:00:00.000Z', '2026-11-26T18:00:00.000Z'],
};
const unpaused = { active: true, paused_until: null, next_tick_at: '2026-11-21T18:00:00.000Z' };

describe('a pause', () => {
  it('moves the next tick to the first one at its end or after, and wakes the workflow', async () => {
    const answer = await pause('2026-11-24T13:00:00-05:00');
    expect([answer.status, answer.body.data]).toMatchObject([200, paused]);
    expect(await shown()).toMatchObject(paused);
    expect(await api.delivered()).toMatchObject([{ ...news, entityId: me.id }]);
  });

  it('is replaced by a later one, be it shorter', async () => {
    await pause('2026-12-24T18:00:00Z');
    expect((await pause('2026-11-24T18:00:00Z')).body.data).toMatchObject(paused);
  });

  it('goes on through a change of the schedule', async () => {
    await pause('2026-11-24T18:00:00Z');
    expect((await put({ cron_expression: '0 6 * * *', active: true })).body.data).toMatchObject({
      paused_until: '2026-11-24T18:00:00.000Z',
      next_tick_at: '2026-11-25T06:00:00.000Z',
    });
  });

  it('is over by itself', async () => {
    await pause('2026-11-24T18:00:00Z');
    api.clock.set(new Date('2026-11-24T18:00:00Z'));
    token = await api.login(me);
    expect(await shown()).toMatchObject({
      paused_until: null,
      next_tick_at: '2026-11-24T18:00:00.000Z',
      next_checks: ['2026-11-25T18:00:00.000Z', '2026-11-26T18:00:00.000Z', '2026-11-27T18:00:00.000Z'],
    });
  });

  it('calls off what is pending, and leaves checks that were asked for waiting', async () => {
    const probe = await createProbe(api.em(), me.id);
    const unsent = await createMessage(api.em(), probe);
    await api.em().nativeUpdate(Message, { id: unsent.id }, { kind: 'follow_up' });
    await api.call('POST', `/v1/users/${me.id}/probes`, { token });
    await pause('2026-11-24T18:00:00Z');
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_user',
      decidedAt: api.clock.now(),
    });
    expect((await api.em().findOneOrFail(Message, unsent.id)).status).toBe('canceled');
    expect(await api.em().count(OneOffCheck, { probeId: null, cancelledAt: null })).toBe(1);
    expect(await settings()).toMatchObject({ nextTickAt: new Date('2026-11-24T18:00:00Z') });
  });

  it('needs checks that are on', async () => {
    await put({ active: false });
    const answer = await pause('2026-11-24T18:00:00Z');
    expect([answer.status, answer.body.errors, answer.body.error_codes]).toEqual([
      409,
      ['checks are off, so they can not be paused'],
      ['conflict'],
    ]);
    expect(await settings()).toMatchObject({ active: false, pausedUntil: null, nextTickAt: null });
  });

  it.each([
    ['2026-11-21T12:00:00Z', 'until must lie in the future'],
    ['2026-11-21T06:59:59-05:00', 'until must lie in the future'],
    ['2027-11-21T12:00:01Z', 'until must lie at most one year ahead'],
    ['2026-11-24T18:00:00', 'until must be a moment, like 2026-12-02T18:00:00-05:00'],
  ])('until %s is refused', async (until, sentence) => {
    const answer = await pause(until);
    expect([answer.status, answer.body.errors, answer.body.error_codes]).toEqual([
      400,
      [sentence],
      ['validation'],
    ]);
    expect(await shown()).toMatchObject(unpaused);
    expect(await api.delivered()).toEqual([]);
  });

  it('ends with the schedule, and does not come back with it', async () => {
    await pause('2026-11-24T18:00:00Z');
    expect((await put({ active: false })).body.data).toMatchObject({
      active: false,
      paused_until: null,
      next_tick_at: null,
      next_checks: [],
    });
    expect((await put({ active: true })).body.data).toMatchObject(unpaused);
  });

  it('that an earlier version left behind when it switched the schedule off does not come back either', async () => {
    await pause('2026-11-24T18:00:00Z');
    await api.em().execute(`update probe_settings set active = false, next_tick_at = null`);
    expect(await shown()).toMatchObject({ active: false, paused_until: null });
    expect((await put({ active: true })).body.data).toMatchObject(unpaused);
  });

  it('ends with an alarm', async () => {
    await pause('2026-11-24T18:00:00Z');
    await createProbe(api.em(), me.id);
    expect(await text('no')).toContain('Hang in there');
    expect(await settings()).toMatchObject({ active: false, pausedUntil: null, nextTickAt: null });
  });
});

describe('the end of a pause', () => {
  it('goes back to the schedule at once', async () => {
    await pause('2026-11-24T18:00:00Z');
    await forgetSignals();
    const answer = await resume();
    expect([answer.status, answer.body.data]).toMatchObject([200, unpaused]);
    expect(await api.delivered()).toMatchObject([{ ...news, entityId: me.id }]);
  });

  it('may be asked for twice, and without a pause, and changes no plan then', async () => {
    await pause('2026-11-24T18:00:00Z');
    await resume();
    await forgetSignals();
    // The tick is overdue by now: planning anew would lose it.
    api.clock.set(new Date('2026-11-21T18:10:00Z'));
    token = await api.login(me);
    expect((await resume()).body.data).toMatchObject(unpaused);
    expect(await api.delivered()).toEqual([]);
    await put({ active: false });
    const answer = await resume();
    expect([answer.status, answer.body.data]).toMatchObject([200, { active: false, paused_until: null }]);
  });
});

it('is for oneself only', async () => {
  const other = await api.login(await createUser(api.em()));
  const admin = await api.login(await createAdmin(api.em()));
  for (const as of [other, admin]) {
    expect((await pause('2026-11-24T18:00:00Z', as)).status).toBe(403);
    expect((await resume(as)).status).toBe(403);
  }
  expect((await api.call('DELETE', '/v1/users/999/probe_settings/pause', { token: admin })).status).toBe(404);
  expect(await shown()).toMatchObject(unpaused);
});

it('lets exactly one of a pause and an answer decide the check', async () => {
  for (let round = 0; round < 5; round++) {
    const probe = await createProbe(api.em(), me.id);
    const [, reply] = await Promise.all([pause('2026-11-24T18:00:00Z'), text('yes')]);
    const { status } = await api.em().findOneOrFail(Probe, probe.id);
    expect([status, reply]).toEqual(status === 'good' ? ['good', '👍'] : ['cancelled', null]);
    expect(await shown()).toMatchObject(paused);
  }
});

describe('by text', () => {
  it('pauses, and says until when on the wall clock of the person', async () => {
    await put({ time_zone: 'Asia/Tokyo' });
    await forgetSignals();
    expect(await text('Pause 3d')).toBe(
      'No scheduled check-ins until Tue 24 Nov 21:00. Text RESUME to have them back earlier.',
    );
    expect(await shown()).toMatchObject({
      paused_until: '2026-11-24T12:00:00.000Z',
      next_tick_at: '2026-11-25T09:00:00.000Z',
    });
    expect(await api.delivered()).toMatchObject([{ ...news, entityId: me.id }]);
  });

  it('pauses for a day unless told otherwise, and refuses what is no time', async () => {
    expect(await text('pause forever')).toMatch(/^invalid value "forever" for a time\nUsage of pause:/);
    expect(await shown()).toMatchObject(unpaused);
    await text('pause');
    expect(await shown()).toMatchObject({ paused_until: '2026-11-22T12:00:00.000Z' });
  });

  it('calls off a check that is pending, and says so', async () => {
    const probe = await createProbe(api.em(), me.id);
    expect(await text('pause 12h')).toBe(
      'The check that was waiting for you is off. ' +
        'No scheduled check-ins until Sun 22 Nov 00:00. Text RESUME to have them back earlier.',
    );
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_user',
    });
  });

  it('resumes, and says when the next check comes', async () => {
    await text('pause 3d');
    await forgetSignals();
    const answer = 'Your scheduled check-ins are on. The next one comes Sat 21 Nov 18:00.';
    expect(await text('resume')).toBe(answer);
    expect(await shown()).toMatchObject(unpaused);
    expect(await api.delivered()).toMatchObject([news]);
    await forgetSignals();
    expect(await text('RESUME')).toBe(answer);
    expect(await api.delivered()).toEqual([]);
  });

  it('says when there is nothing to pause or to resume', async () => {
    await put({ active: false });
    const answer = 'Your scheduled check-ins are off. You can turn them on in your settings.';
    expect([await text('pause'), await text('resume')]).toEqual([answer, answer]);
  });
});

describe('by a text that is read back late', () => {
  const missed = (body: string, sentAt: string) =>
    api.app.get(InboundTexts).receiveMissed({
      sid: `SM${++sequence}`,
      from: me.phoneNumber!,
      body,
      sentAt: new Date(sentAt),
    });

  it('pauses from when it was sent, and tells the person when a check was called off', async () => {
    const probe = await createProbe(api.em(), me.id);
    const replyId = await missed('pause 1d', '2026-11-21T10:00:00Z');
    expect(await shown()).toMatchObject({ paused_until: '2026-11-22T10:00:00.000Z' });
    expect(await api.em().findOneOrFail(Message, { id: replyId! })).toMatchObject({
      kind: 'reply',
      probeId: probe.id,
      body: expect.stringContaining('until Sun 22 Nov 10:00'),
    });
  });

  it('is confirmed although no check was pending', async () => {
    for (const [body, words] of [
      ['pause 1d', 'until Sun 22 Nov 12:00'],
      ['resume', 'next'],
    ] as const) {
      const replyId = await missed(body, '2026-11-21T12:00:00Z');
      expect(await api.em().findOneOrFail(Message, { id: replyId! })).toMatchObject({
        kind: 'reply',
        userId: me.id,
        probeId: null,
        toNumber: me.phoneNumber,
        body: expect.stringContaining(words),
      });
    }
    expect(await missed('ping', '2026-11-21T12:00:00Z')).toBeNull();
  });

  it('does nothing when its time is over', async () => {
    await missed('pause 1h', '2026-11-21T10:59:00Z');
    expect(await shown()).toMatchObject(unpaused);
  });

  it('does not take back what the person did since', async () => {
    await pause('2026-11-24T18:00:00Z');
    await missed('resume', '2026-11-21T11:59:59Z');
    expect(await shown()).toMatchObject(paused);
    await resume();
    await missed('pause 3d', '2026-11-21T11:59:59Z');
    expect(await shown()).toMatchObject(unpaused);
  });
});

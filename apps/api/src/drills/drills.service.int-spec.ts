import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Contact } from '#libs/db/entities/contact.entity';
import { Message } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createDrill, createDrillAnswer, createDrillMessage } from '#libs/testing/factories/drill.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let me: User;
let token: string;
let hulk: Contact;
beforeEach(async () => {
  await api.clear();
  api.clock.set(new Date('2026-11-21T12:00:00Z'));
  me = await createUser(api.em());
  token = await api.login(me);
  hulk = await createContact(api.em(), me.id);
});

const path = () => `/v1/users/${me.id}/drills`;
const start = (body?: object) => api.call('POST', path(), { token, ...(body && { body }) });
const get = (url: string, as = token) => api.call('GET', url, { token: as });
const cancel = (id: number, as = token) => api.call('DELETE', `${path()}/${id}`, { token: as });
const settings = async () => (await get(`/v1/users/${me.id}`)).body.data.probe_settings;
const later = (minutes: number) => api.clock.set(api.clock.now().getTime() + minutes * 60_000);

describe('starting a drill', () => {
  it('wakes its workflow, with or without a body, and changes no settings', async () => {
    await api.call('PUT', `/v1/users/${me.id}/probe_settings`, { token, body: { active: true } });
    await api.delivered();
    api.signals.length = 0;
    const before = await settings();
    const answer = await start();
    const now = api.clock.now().toISOString();
    expect([answer.status, answer.body.data]).toEqual([
      201,
      {
        id: 1,
        user_id: me.id,
        status: 'running',
        reason: null,
        wait_time_in_minutes: 10,
        started_at: now,
        ended_at: null,
        person_answered_at: null,
        person_delivery_status: null,
        person_error_code: null,
        answers: [],
      },
    ]);
    expect(await api.delivered()).toEqual([{ kind: 'drill', entityId: 1, signal: 'started' }]);
    expect(await settings()).toEqual({ ...before, last_drill_at: now, last_proven_at: null });
    await cancel(1);
    expect((await start({ wait_time_in_minutes: 60 })).body.data).toMatchObject({ wait_time_in_minutes: 60 });
  });

  it.each([
    [{ wait_time_in_minutes: 4 }, 'wait_time_in_minutes must be a whole number from 5 to 60'],
    [{ wait_time_in_minutes: 61 }, 'wait_time_in_minutes must be a whole number from 5 to 60'],
    [{ wait: 5 }, 'wait is not a known field'],
  ])('refuses %j', async (body, sentence) => {
    const answer = await start(body);
    expect([answer.status, answer.body.errors]).toEqual([400, [sentence]]);
  });

  it('needs a phone number and an emergency contact', async () => {
    await api.em().execute(`update contacts set is_emergency_contact = false`);
    const answer = await start();
    expect([answer.status, answer.body.error_codes]).toEqual([403, ['contact_required']]);
    await api.em().execute(`update users set phone_number = null`);
    expect((await start()).body.error_codes).toEqual(['phone_required']);
  });

  it('needs a phone that takes texts', async () => {
    await api.em().execute(`update probe_settings set opted_out_at = now()`);
    expect((await start()).body.error_codes).toEqual(['opted_out']);
  });

  it('waits until nothing real is going on', async () => {
    const probe = await createProbe(api.em(), me.id);
    const refused = async (sentence: string) => {
      const { status, body } = await start();
      expect([status, body.error_codes, body.errors]).toEqual([409, ['conflict'], [sentence]]);
    };
    const decide = (fields: object) => api.em().nativeUpdate(Probe, { id: probe.id }, fields);
    await refused('a check is waiting for an answer');
    await decide({ status: 'bad', reason: 'replied', decidedAt: api.clock.now() });
    await refused('an alarm is being looked after');
    await decide({ escalationEndedAt: api.clock.now() });
    expect((await start()).status).toBe(201);
    await refused('another drill is running');
  });

  it('lets one of several at once run', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => start()));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it('spends the patience of contacts three times in 24 hours at most', async () => {
    for (let id = 1; id <= 3; id++) {
      expect((await start()).status).toBe(201);
      await cancel(id);
      later(10);
    }
    const answer = await start();
    expect([answer.status, answer.body.errors]).toEqual([
      409,
      ['at most 3 drills can be started in 24 hours'],
    ]);
    later(24 * 60 - 30);
    token = await api.login(me);
    expect((await start()).status).toBe(201);
  });

  it('is nobody else’s to do', async () => {
    const others = [await createAdmin(api.em()), await createUser(api.em())];
    for (const other of others) {
      const as = await api.login(other);
      expect((await api.call('POST', path(), { token: as })).status).toBe(403);
      expect((await cancel(1, as)).status).toBe(403);
    }
    expect((await api.call('POST', path())).status).toBe(401);
  });
});

describe('cancelling a drill', () => {
  it('withdraws what was not sent, wakes the workflow, and happens once', async () => {
    const drill = await createDrill(api.em(), me.id, api.clock.now());
    const toNumber = me.phoneNumber!;
    const queued = await createDrillMessage(api.em(), drill, {
      kind: 'drill_question',
      toNumber,
      status: 'queued',
    });
    const answer = await cancel(drill.id);
    expect([answer.status, answer.body.success]).toEqual([200, true]);
    expect((await get(`${path()}/${drill.id}`)).body.data).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_user',
      ended_at: api.clock.now().toISOString(),
      person_delivery_status: 'canceled',
    });
    expect(await api.delivered()).toEqual([{ kind: 'drill', entityId: drill.id, signal: 'cancel' }]);
    expect(await api.em().findOneOrFail(Message, queued.id)).toMatchObject({ status: 'canceled' });
    const again = await cancel(drill.id);
    expect([again.status, again.body.errors]).toEqual([409, ['the drill is over']]);
    expect((await cancel(drill.id + 1)).status).toBe(404);
  });

  it('finds only one’s own', async () => {
    const other = await createUser(api.em());
    const drill = await createDrill(api.em(), other.id, api.clock.now());
    expect((await cancel(drill.id)).status).toBe(404);
    expect((await get(`${path()}/${drill.id}`)).status).toBe(404);
  });
});

describe('drills', () => {
  it('are shown newest first, with who was asked, what did not arrive, and who answered', async () => {
    const thor = await createContact(api.em(), me.id);
    const [first, second] = [
      await createDrill(api.em(), me.id, api.clock.now(), {
        status: 'cancelled',
        reason: 'superseded',
        endedAt: api.clock.now(),
      }),
      await createDrill(api.em(), me.id, api.clock.now()),
    ];
    const sent = { kind: 'drill_question', toNumber: me.phoneNumber!, status: 'delivered' } as const;
    await createDrillMessage(api.em(), second, sent);
    await createDrillAnswer(api.em(), second, hulk, 'undelivered');
    const answer = await createDrillAnswer(api.em(), second, thor);
    await createDrillMessage(api.em(), second, { ...sent, kind: 'drill_outcome' });
    await api.em().execute(`update messages set error_code = 30003 where status = 'undelivered'`);
    const now = api.clock.now();
    await api.em().execute(`update drill_answers set answered_at = ? where id = ?`, [now, answer.id]);

    const { body } = await get(`${path()}?page=1`);
    expect(body.paging).toEqual({ total: 2, page: 1, pages: 1 });
    expect(body.data).toMatchObject([
      {
        id: second.id,
        status: 'running',
        person_delivery_status: 'delivered',
        answers: [
          { contact_id: hulk.id, delivery_status: 'undelivered', error_code: 30003, answered_at: null },
          {
            contact_id: thor.id,
            asked_at: now.toISOString(),
            delivery_status: 'delivered',
            error_code: null,
            answered_at: now.toISOString(),
          },
        ],
      },
      { id: first.id, status: 'cancelled', reason: 'superseded', answers: [] },
    ]);
    expect((await get(`${path()}/${second.id}`)).body.data).toEqual(body.data[0]);
  });

  it('are for the person and for admins within their client', async () => {
    const stranger = await createUser(api.em(), { clientId: (await createClient(api.em())).id });
    const admin = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const other = await api.login(await createUser(api.em()));
    const drill = await createDrill(api.em(), me.id, api.clock.now());
    for (const url of [path(), `${path()}/${drill.id}`]) {
      expect((await get(url, admin)).status).toBe(200);
      expect((await get(url, other)).status).toBe(403);
      expect((await api.call('GET', url)).status).toBe(401);
    }
    expect((await get(`/v1/users/${stranger.id}/drills`, admin)).status).toBe(404);
  });

  it('go with their person', async () => {
    const drill = await createDrill(api.em(), me.id, api.clock.now());
    await createDrillAnswer(api.em(), drill, hulk);
    const admin = await api.login(await createAdmin(api.em()));
    expect((await api.call('DELETE', `/v1/users/${me.id}`, { token: admin })).status).toBe(200);
    for (const table of ['drills', 'drill_answers', 'messages']) {
      expect(await api.em().execute(`select 1 from ${table}`)).toEqual([]);
    }
  });

  it('are never seen among probes, nor counted with them', async () => {
    const drill = await createDrill(api.em(), me.id, api.clock.now());
    await createDrillAnswer(api.em(), drill, hulk);
    const admin = await api.login(await createAdmin(api.em()));
    expect((await get(`/v1/users/${me.id}/probes`)).body.data).toEqual([]);
    expect((await get('/v1/probes', admin)).body.data).toEqual([]);
    expect(new Set(Object.values((await get('/v1/probes/stats', admin)).body.data))).toEqual(new Set([0]));
    expect((await get('/v1/jobs', admin)).body.data).toMatchObject([{ handler: 'drill_alert' }]);
  });
});

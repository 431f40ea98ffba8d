import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Message } from '#libs/db/entities/message.entity';
import type { User } from '#libs/db/entities/user.entity';
import { noticedUserIds, unsettledNotices } from '#libs/db/queries/notices';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { SignedWebhooks } from '../webhooks/signed-webhooks.fixture.ts';

let api: TestApi;
let webhooks: SignedWebhooks;
beforeAll(async () => {
  api = await TestApi.start();
  webhooks = new SignedWebhooks(api);
}, 60_000);
afterAll(() => api.stop());

let me: User;
let token: string;
let path: string;
beforeEach(async () => {
  await api.clear();
  await api.em().execute(`delete from inbound_messages`);
  me = await createUser(api.em(), { firstName: 'Tony', lastName: 'Stark' });
  token = await api.login(me);
  path = `/v1/users/${me.id}/contacts`;
});

const HULK = '+16665550001';
const THOR = '+16665550002';
const contact = (name: string, phoneNumber: string, isFlagged = true) => ({
  first_name: name,
  last_name: 'Avenger',
  phone_number: phoneNumber,
  email: `${name}@example.com`,
  is_emergency_contact: isFlagged,
});

async function add(name: string, phoneNumber: string, isFlagged = true): Promise<number> {
  const answer = await api.call('POST', path, { token, body: contact(name, phoneNumber, isFlagged) });
  expect(answer.status).toBe(201);
  return answer.body.data.id;
}

const change = (id: number, body: object) => api.call('PUT', `${path}/${id}`, { token, body });
const texts = (kind: string, toNumber: string) =>
  api.em().find(Message, { kind: kind as Message['kind'], toNumber }, { orderBy: { id: 'asc' } });

/** What the worker does, as far as the database shows it. */
const handOver = () =>
  api.em().execute(
    `update messages set status = 'accepted', status_rank = 2, sending_at = ?, accepted_at = ?
     where status = 'queued' and kind = 'consent'`,
    [api.clock.now(), api.clock.now()],
  );
const shown = async (id: number) =>
  (await api.call('GET', path, { token })).body.data.find((each: { id: number }) => each.id === id);

describe('a contact is told', () => {
  it('who added them, when they are added with the flag', async () => {
    const id = await add('Hulk', HULK);
    expect(await texts('consent', HULK)).toMatchObject([
      {
        body: expect.stringMatching(/^Hi Hulk, Tony Stark made you an emergency contact.*NO THANKS/),
        status: 'queued',
        probeId: null,
      },
    ]);
    expect(await api.delivered()).toEqual([{ kind: 'notices', entityId: me.id, signal: 'noticeOwed' }]);
    expect(await noticedUserIds(api.em())).toEqual([me.id]);
    expect(await shown(id)).toMatchObject({ consent: 'pending', consent_at: null });
    await handOver();
    expect(await shown(id)).toMatchObject({ consent: 'told', consent_at: expect.any(String) });
    expect(await unsettledNotices(api.em(), me.id)).toEqual([]);
  });

  it('when they are flagged later, and not before', async () => {
    const id = await add('Hulk', HULK, false);
    expect(await texts('consent', HULK)).toEqual([]);
    await change(id, { first_name: 'Bruce' });
    expect(await texts('consent', HULK)).toEqual([]);
    await change(id, { is_emergency_contact: true });
    expect(await texts('consent', HULK)).toMatchObject([{ body: expect.stringContaining('Hi Bruce') }]);
  });

  it('once, however often the flag is set or the contact is deleted and added again', async () => {
    const id = await add('Hulk', HULK);
    await handOver();
    await change(id, { is_emergency_contact: false });
    await change(id, { is_emergency_contact: true });
    await api.call('DELETE', `${path}/${id}`, { token });
    const again = await add('Hulk', HULK);
    expect(await texts('consent', HULK)).toHaveLength(1);
    expect(await shown(again)).toMatchObject({ consent: 'told' });
  });

  it('again after a text that nobody wanted any more', async () => {
    const id = await add('Hulk', HULK);
    await change(id, { is_emergency_contact: false });
    await api.em().execute(`update messages set status = 'canceled', status_rank = 4`);
    await change(id, { is_emergency_contact: true });
    expect((await texts('consent', HULK)).map((message) => message.status)).toEqual(['canceled', 'queued']);
  });

  it('when another number makes them another person, who has not answered yet', async () => {
    const id = await add('Hulk', HULK);
    await handOver();
    await webhooks.text(HULK, 'no thanks');
    expect((await change(id, { phone_number: THOR })).body.data).toMatchObject({ consent: 'pending' });
    expect(await texts('consent', THOR)).toHaveLength(1);
    expect((await change(id, { phone_number: HULK })).body.data).toMatchObject({ consent: 'refused' });
    expect(await texts('consent', HULK)).toHaveLength(1);
  });

  it('not when it would be the 21st within a day, whoever those were', async () => {
    for (let number = 10; number < 30; number++) {
      const id = await add(`avenger${number}`, `+166655500${number}`);
      await api.call('DELETE', `${path}/${id}`, { token });
    }
    const refused = await api.call('POST', path, { token, body: contact('thanos', THOR) });
    expect([refused.status, refused.body.error_codes]).toEqual([409, ['conflict']]);
    expect(await texts('consent', THOR)).toEqual([]);
    api.clock.set(api.clock.now().getTime() + 24 * 60 * 60_000 + 1);
    token = await api.login(me);
    await add('thanos', THOR);
    expect(await texts('consent', THOR)).toHaveLength(1);
  });

  it('not when they were a contact before there was consent', async () => {
    const { id } = await createContact(api.em(), me.id, { phoneNumber: HULK });
    await api
      .em()
      .execute(`insert into consents (user_id, phone_number, created_at) values (?, ?, now())`, [
        me.id,
        HULK,
      ]);
    await change(id, { is_emergency_contact: true });
    expect(await texts('consent', HULK)).toEqual([]);
    expect(await shown(id)).toMatchObject({ consent: 'told', consent_at: null });
  });
});

it('shows the text among the jobs without a number, and takes it along with the person', async () => {
  await add('Hulk', HULK);
  const admin = await api.login(await createAdmin(api.em()));
  const jobs = await api.call('GET', '/v1/jobs', { token: admin });
  expect(jobs.body.data).toMatchObject([{ handler: 'consent', status: { name: 'enqueued' } }]);
  expect(jobs.text).not.toMatch(/Hulk|\+1666/);
  expect((await api.call('DELETE', `/v1/users/${me.id}`, { token: admin })).status).toBe(200);
  expect(await noticedUserIds(api.em())).toEqual([]);
  expect(await api.em().execute(`select 1 from consents`)).toEqual([]);
});

describe('a contact who refused', () => {
  let id: number;
  beforeEach(async () => {
    id = await add('Hulk', HULK);
    await handOver();
  });

  it('is shown as such, and counts as none', async () => {
    expect(await webhooks.text(HULK, 'NO THANKS')).toBe(
      "OK, you won't be texted about Tony again. To take that back, text ACCEPT.",
    );
    expect(await shown(id)).toMatchObject({
      is_emergency_contact: true,
      consent: 'refused',
      refusal: 'declined',
      consent_at: api.clock.now().toISOString(),
    });
    const on = () => api.call('PUT', `/v1/users/${me.id}/probe_settings`, { token, body: { active: true } });
    expect((await on()).body.error_codes).toEqual(['contact_required']);
    const check = await api.call('POST', `/v1/users/${me.id}/probes`, { token });
    expect([check.status, check.body.error_codes]).toEqual([403, ['contact_required']]);
    await add('Thor', THOR);
    expect((await on()).status).toBe(200);
  });

  it('may be deleted while the person is checked on, but then the last other one may not', async () => {
    const other = await add('Thor', THOR);
    await createProbe(api.em(), me.id);
    await webhooks.text(HULK, 'refuse');
    expect((await api.call('DELETE', `${path}/${other}`, { token })).status).toBe(409);
    expect((await api.call('DELETE', `${path}/${id}`, { token })).status).toBe(200);
    // Adding them again does not get their consent back.
    expect(await shown(await add('Hulk', HULK))).toMatchObject({ consent: 'refused' });
  });

  it('is missed: the person hears of it at once, and who is left', async () => {
    await add('Thor', THOR);
    await handOver();
    await webhooks.text(HULK, 'no');
    await webhooks.text(HULK, 'no thanks');
    await webhooks.text(THOR, 'n');
    expect((await texts('contact_refused', me.phoneNumber!)).map((message) => message.body)).toEqual([
      'Hulk declined to be your emergency contact; 1 contact left.',
      'Thor declined to be your emergency contact, and nobody else is left. Please add someone: without one nobody can be alerted.',
    ]);
    expect(await unsettledNotices(api.em(), me.id)).toHaveLength(2);
  });

  it('may take it back, and refuse again', async () => {
    await webhooks.text(HULK, 'no');
    expect(await webhooks.text(HULK, 'Accept')).toBe('Thank you! You are an emergency contact of Tony.');
    expect(await shown(id)).toMatchObject({ consent: 'accepted', refusal: null });
    await webhooks.text(HULK, 'no thanks');
    expect(await texts('contact_refused', me.phoneNumber!)).toHaveLength(2);
  });
});

describe('a text that can not arrive', () => {
  let id: number;
  let message: Message;
  beforeEach(async () => {
    id = await add('Hulk', HULK);
    await handOver();
    [message] = (await texts('consent', HULK)) as [Message];
  });

  it('to an opted-out phone is a refusal', async () => {
    await webhooks.report(message.uuid, 'failed', 21610);
    expect(await shown(id)).toMatchObject({ consent: 'refused', refusal: 'opted_out' });
    expect(await texts('contact_refused', me.phoneNumber!)).toHaveLength(1);
    // Whoever never got the text is told once they may be.
    await webhooks.text(HULK, 'START');
    expect(await shown(id)).toMatchObject({ consent: 'pending', refusal: null });
    expect(await texts('consent', HULK)).toHaveLength(2);
  });

  it.each([
    ['undelivered', 30006],
    ['failed', 30007],
  ])('for good (%s, %d) makes the person correct the number', async (status, code) => {
    await webhooks.report(message.uuid, status, code);
    await webhooks.report(message.uuid, status, code);
    expect(await shown(id)).toMatchObject({ reachable: false, refusal: null });
    expect(await texts('contact_unreachable', me.phoneNumber!)).toMatchObject([
      { body: expect.stringContaining("Hulk, your emergency contact, can't be texted") },
    ]);
    await change(id, { is_emergency_contact: true });
    expect(await texts('consent', HULK)).toHaveLength(1);
    expect((await change(id, { phone_number: THOR })).body.data).toMatchObject({ reachable: true });
  });

  it('to a phone that is switched off changes nothing', async () => {
    await webhooks.report(message.uuid, 'undelivered', 30003);
    expect(await shown(id)).toMatchObject({ consent: 'told', reachable: true });
    expect(await texts('contact_unreachable', me.phoneNumber!)).toEqual([]);
  });
});

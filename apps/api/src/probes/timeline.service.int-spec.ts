import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Message } from '#libs/db/entities/message.entity';
import type { Probe } from '#libs/db/entities/probe.entity';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAlert, createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { postReport, postText } from '../webhooks/twilio.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let me: User;
let token: string;
let probe: Probe;
beforeEach(async () => {
  await api.clear();
  me = await createUser(api.em());
  token = await api.login(me);
  probe = await createProbe(api.em(), me.id);
});

const get = (path: string, as = token) => api.call('GET', path, { token: as });
const events = (answer: Answer): string[] =>
  (answer.body.data as { event: string }[]).map((entry) => entry.event);
/** Everything that tells of one probe. */
const pathsOf = (id: number, user: User = me) => ({
  own: [`/v1/users/${user.id}/probes/${id}`, `/v1/users/${user.uuid}/probes/${id}/timeline`],
  all: [`/v1/probes/${id}`, `/v1/probes/${id}/timeline`],
});

async function question(status: Message['status'] = 'sending'): Promise<Message> {
  const message = await createMessage(api.em(), probe, status);
  await api.em().nativeUpdate(Message, { id: message.id }, { kind: 'check_in', toNumber: me.phoneNumber! });
  return message;
}

describe('the story of a probe', () => {
  it('tells of the question, its delivery, the answers and the end', async () => {
    const { uuid } = await question();
    await postReport(api, uuid, 'sent');
    await postReport(api, uuid, 'delivered');
    await postText(api, me.phoneNumber!, 'hm');
    api.clock.set(new Date(api.clock.now().getTime() + 1_000));
    await postText(api, me.phoneNumber!, 'yes');
    const { body } = await get(`/v1/users/${me.id}/probes/${probe.id}/timeline`);
    const told = body.data as Record<string, Record<string, unknown>>[];
    const one = (event: string) => told.find((entry) => (entry.event as unknown) === event)!;
    expect(one('message_delivered').message).toMatchObject({
      uuid,
      to: 'person',
      contact_id: null,
      status: 'delivered',
      sid: 'SM-out',
      body: expect.any(String),
    });
    expect(one('reply_kept').text).toMatchObject({ from: 'person', effect: 'kept', body: 'hm', reply: null });
    expect(one('settled')).toMatchObject({ status: 'good', reason: 'replied' });
    expect(told.filter(({ text }) => text).map(({ text }) => text!.reply)).toEqual([null, null, '👍']);
    expect(one('switched_off')).toBeUndefined();
  });

  it('names contacts by their id, whoever answers, and keeps the story when one is deleted', async () => {
    const bad = await createProbe(api.em(), me.id, 'bad');
    await api.em().execute(`update probes set decided_at = ? where id = ?`, [api.clock.now(), bad.id]);
    const contact = await createContact(api.em(), me.id);
    // Another one is left for the check that is pending.
    await createContact(api.em(), me.id);
    await createAlert(api.em(), bad, contact.id);
    await postText(api, contact.phoneNumber, 'who is this?');
    await postText(api, contact.phoneNumber, 'ok');
    const admin = await api.login(await createAdmin(api.em()));
    const read = async () => {
      const { body } = await get(`/v1/probes/${bad.id}/timeline`, admin);
      const told = body.data as Record<string, { contact_id: number | null; from?: string }>[];
      return told.flatMap(({ message, text }) => ((message ?? text) ? [(message ?? text)!] : []));
    };
    const isContact = (each: { contact_id: number | null }) => each.contact_id === contact.id;
    expect((await read()).every(isContact)).toBe(true);
    await api.call('DELETE', `/v1/users/${me.id}/contacts/${contact.id}`, { token });
    const left = await read();
    expect(left.map((each) => each.contact_id)).toEqual(left.map(() => null));
    expect(left.filter(({ from }) => from).map(({ from }) => from)).toEqual(['contact', 'contact']);
  });

  it('keeps what the person writes after an alarm, and leaves out what comes after a good end', async () => {
    await postText(api, me.phoneNumber!, 'no');
    await postText(api, me.phoneNumber!, 'I fell');
    const read = async (id: number) => events(await get(`/v1/users/${me.id}/probes/${id}/timeline`));
    expect((await read(probe.id)).filter((event) => event === 'text_received')).toHaveLength(2);
    const good = await createProbe(api.em(), me.id, 'good');
    await postText(api, me.phoneNumber!, 'thanks');
    expect(await read(good.id)).toEqual(expect.not.arrayContaining(['text_received']));
  });

  it('tells of a failure that was recorded together with its message', async () => {
    await question('failed');
    expect(events(await get(`/v1/users/${me.id}/probes/${probe.id}/timeline`)).sort()).toEqual(
      ['asked', 'message_accepted', 'message_failed', 'opened'].sort(),
    );
  });

  it('is for the person and for admins within their client, and what texts say for the person alone', async () => {
    await question();
    await postText(api, me.phoneNumber!, 'a secret');
    const { own, all } = pathsOf(probe.id);
    const admin = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const platformAdmin = await api.login(await createAdmin(api.em()));
    for (const path of own)
      expect(JSON.stringify((await get(path)).body)).toMatch(/a secret|please reach out/);
    for (const as of [admin, platformAdmin]) {
      for (const path of [...own, ...all]) {
        const answer = await get(path, as);
        expect([path, answer.status]).toEqual([path, 200]);
        expect(JSON.stringify(answer.body.data)).not.toMatch(/"body"|"reply"|please reach out|\+1/);
      }
    }
    const somebody = await api.login(await createUser(api.em()));
    for (const path of own) expect((await get(path, somebody)).status).toBe(403);
    for (const path of all) expect((await get(path)).status).toBe(403);
    for (const path of [...own, ...all]) expect((await api.call('GET', path)).status).toBe(401);
  });

  it('is not found in another client, under another person, or when there is none', async () => {
    const other = await createClient(api.em());
    const stranger = await api.login(await createUser(api.em(), { clientId: other.id, roleId: ROLES.admin }));
    const { own, all } = pathsOf(probe.id);
    for (const path of [...own, ...all]) expect((await get(path, stranger)).status).toBe(404);
    const admin = await api.login(await createAdmin(api.em()));
    const foreign = await createProbe(api.em(), (await createUser(api.em())).id);
    for (const path of [...pathsOf(foreign.id).own, ...pathsOf(999).own]) {
      expect([(await get(path)).status, (await get(path, admin)).status]).toEqual([404, 404]);
    }
    expect((await get(`/v1/users/${me.id}/probes/x/timeline`)).status).toBe(400);
  });
});

describe('the texts about a person', () => {
  const path = () => `/v1/users/${me.id}/messages`;

  it('are listed newest first, page by page, with what became of them', async () => {
    const contact = await createContact(api.em(), me.id);
    const asked = await question();
    await postReport(api, asked.uuid, 'undelivered', { ErrorCode: '30003' });
    const bad = await createProbe(api.em(), me.id, 'bad');
    await createAlert(api.em(), bad, contact.id);
    const { body } = await get(path());
    expect(body.paging).toEqual({ total: 2, page: 1, pages: 1 });
    expect(body.data).toMatchObject([
      { kind: 'alert', to: 'contact', contact_id: contact.id, status: 'delivered', failed_at: null },
      {
        uuid: asked.uuid,
        probe_id: probe.id,
        kind: 'check_in',
        to: 'person',
        contact_id: null,
        sid: 'SM-out',
        status: 'undelivered',
        error_code: 30003,
        attempts: 1,
        failed_at: api.clock.now().toISOString(),
        body: 'please reach out',
      },
    ]);
    const second = await get(`${path()}?page=2&limit=1`);
    expect([second.body.data[0].uuid, second.body.paging]).toEqual([
      asked.uuid,
      { total: 2, page: 2, pages: 2 },
    ]);
  });

  it('are for the person and, without what they say, for admins within their client', async () => {
    await question();
    const admin = await api.login(await createUser(api.em(), { roleId: ROLES.admin }));
    const seen = await get(path(), admin);
    expect([seen.status, seen.body.data.length]).toEqual([200, 1]);
    expect(seen.body.data[0]).not.toHaveProperty('body');
    expect(seen.text).not.toContain(me.phoneNumber);
    const other = await createClient(api.em());
    const stranger = await api.login(await createUser(api.em(), { clientId: other.id, roleId: ROLES.admin }));
    expect((await get(path(), stranger)).status).toBe(404);
    expect((await get(path(), await api.login(await createUser(api.em())))).status).toBe(403);
    expect((await api.call('GET', path())).status).toBe(401);
    expect((await get(`${path()}?status=x`)).status).toBe(400);
  });
});

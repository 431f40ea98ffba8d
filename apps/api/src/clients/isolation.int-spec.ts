import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '#libs/db/entities/client.entity';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { createApiKey } from '#libs/testing/factories/api-key.factory';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createDrill } from '#libs/testing/factories/drill.factory';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { expectToKnowEveryRoute, GUARDED_ROUTES } from '../auth/routes.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') });
  // Once, because nothing of it may ever change.
  mine = await createTenant();
  theirs = await createTenant();
});
afterAll(() => api.stop());

/** A client with everything that a client can have. */
interface Tenant {
  client: Client;
  admin: User;
  user: User;
  contactId: number;
  probeId: number;
  drillId: number;
  keyId: string;
  token: string;
  /** What nobody outside may ever read. */
  marks: string[];
}

let mine: Tenant;
let theirs: Tenant;
async function createTenant(): Promise<Tenant> {
  const em = api.em();
  const client = await createClient(em);
  const admin = await createUser(em, { clientId: client.id, roleId: ROLES.admin });
  const user = await createUser(em, { clientId: client.id });
  const contact = await createContact(em, user.id);
  const probe = await createProbe(em, user.id, 'bad');
  const drill = await createDrill(em, user.id, api.clock.now());
  const key = await createApiKey(em, user.id);
  const message = await createMessage(em, probe, 'delivered');
  const token = await api.login(admin);
  const team = `team of ${client.uuid}`;
  await api.call('PUT', '/v1/clients/me/settings', {
    token,
    body: { github_token: 'ghp_1', teams: [{ name: team }] },
  });
  const people = [admin, user, contact].flatMap((each) => [each.email, each.firstName!, each.phoneNumber!]);
  const marks = [...people, admin.uuid, user.uuid, message.uuid, client.uuid, client.name, team];
  return {
    client,
    admin,
    user,
    contactId: contact.id,
    probeId: probe.id,
    drillId: drill.id,
    keyId: key.id,
    token,
    marks,
  };
}

/** Everything on record about a client. */
const recordOf = ({ client, admin, user }: Tenant) =>
  api.em().execute(
    `select (select json_agg(t) from clients t where id = c.id) clients,
            (select json_agg(t) from client_secrets t where client_id = c.id) secrets,
            (select json_agg(t order by t.id) from users t where client_id = c.id) users,
            (select json_agg(t order by t.id) from probe_settings t where user_id in (?, ?)) settings,
            (select json_agg(t order by t.id) from contacts t where user_id in (?, ?)) contacts,
            (select json_agg(t order by t.id) from probes t where user_id in (?, ?)) probes,
            (select json_agg(t order by t.id) from one_off_checks t where user_id in (?, ?)) checks,
            (select json_agg(t order by t.id) from messages t where user_id in (?, ?)) messages,
            (select json_agg(t order by t.id) from drills t where user_id in (?, ?)) drills,
            (select json_agg(t order by t.id) from api_keys t where user_id in (?, ?)) keys
     from clients c where c.id = ?`,
    [...Array.from({ length: 7 }).flatMap(() => [admin.id, user.id]), client.id],
  );

/** The addresses that a path has for what is theirs: each user by integer id and by UUID. */
function urlsOf(path: string): string[] {
  const { client, admin, user, contactId, probeId, drillId, keyId } = theirs;
  const ids = path.startsWith('/v1/clients')
    ? [client.id, client.uuid]
    : [path.includes('contacts') ? contactId : path.includes('drills') ? drillId : probeId];
  const uids = [user.id, user.uuid, admin.id, admin.uuid];
  const withIds = path.includes('{id}')
    ? ids.map((id) => path.replace('{id}', String(id)))
    : [path.replace('{key}', keyId)];
  return withIds.flatMap((each) =>
    each.includes('{uid}') ? uids.map((uid) => each.replace('{uid}', String(uid))) : [each],
  );
}

const guarded = Object.entries(GUARDED_ROUTES).filter(([, { row }]) => row !== 'everybody');
const open = (route: string) => !route.includes('{');

it('is tried by every route there is', () => expectToKnowEveryRoute(api));

describe("another client's", () => {
  it.each(guarded.filter(([route]) => !open(route)))(
    'objects do not exist: %s',
    async (route, { row, body }) => {
      const [method, path] = route.split(' ') as [string, string];
      const before = await recordOf(theirs);
      for (const url of urlsOf(path)) {
        const { status, text } = await api.call(method, url, {
          token: mine.token,
          ...(body && { body: body() }),
        });
        expect([url, status]).toEqual([url, row === 'platform admin' ? 403 : 404]);
        for (const mark of theirs.marks) expect(text).not.toContain(mark);
      }
      expect(await recordOf(theirs)).toEqual(before);
    },
  );

  it.each(guarded.filter(([route]) => open(route)))(
    'data is nowhere else: %s',
    async (route, { row, body }) => {
      const [method, path] = route.split(' ') as [string, string];
      const before = await recordOf(theirs);
      const call = (url: string, headers = {}) =>
        api.call(method, url, { token: mine.token, headers, ...(body && { body: body() }) });
      const answer = await call(path);
      expect(answer.status === 403).toBe(row === 'platform admin');
      const { id, uuid } = theirs.client;
      const others = [answer];
      // Not even by asking for it; what is about oneself does not look at it.
      const chosen = [
        await call(`${path}?client_id=${id}`),
        await call(`${path}?client_id=${uuid}`),
        await call(path, { 'x-client-id': String(id) }),
      ];
      if (row !== 'self') {
        const refusal = row === 'platform admin' ? 403 : 404;
        expect(chosen.map(({ status }) => status)).toEqual([refusal, refusal, refusal]);
      }
      // The log of refused tries names the ids that were asked for, which whoever asked knew.
      const tried = path === '/v1/audit' ? [theirs.client.uuid, theirs.user.uuid, theirs.admin.uuid] : [];
      for (const { text } of [...others, ...chosen]) {
        for (const mark of theirs.marks.filter((each) => !tried.includes(each))) {
          expect(text).not.toContain(mark);
        }
      }
      expect(await recordOf(theirs)).toEqual(before);
    },
  );

  it('objects do not exist under one’s own people either', async () => {
    const status = async (method: string, path: string, token: string) =>
      (await api.call(method, path, { token, body: { first_name: 'x' } })).status;
    const own = await api.login(mine.user);
    const before = await recordOf(theirs);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const path = `/v1/users/${mine.user.id}/contacts/${theirs.contactId}`;
      expect(await status(method, path, own)).toBe(404);
    }
    const probe = `/v1/users/${mine.user.id}/probes/${theirs.probeId}`;
    expect(await status('GET', probe, mine.token)).toBe(404);
    expect(await status('GET', `${probe}/timeline`, mine.token)).toBe(404);
    expect(await recordOf(theirs)).toEqual(before);
  });
});

it('shows each admin their own', async () => {
  for (const { token, user, client } of [mine, theirs]) {
    const { body } = await api.call('GET', '/v1/users', { token });
    expect(new Set(body.data.map((each: { client_id: number }) => each.client_id))).toEqual(
      new Set([client.id]),
    );
    for (const path of ['/v1/probes', '/v1/jobs']) {
      expect((await api.call('GET', path, { token })).body.paging?.total).toBe(1);
    }
    expect((await api.call('GET', `/v1/users/${user.id}/messages`, { token })).body.paging?.total).toBe(1);
    const stats = await api.call('GET', '/v1/probes/stats', { token });
    expect(stats.body.data.bad_probe_count).toBe(1);
  }
});

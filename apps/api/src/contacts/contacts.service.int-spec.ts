import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Contact } from '#libs/db/entities/contact.entity';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
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
let path: string;
beforeEach(async () => {
  await api.clear();
  me = await createUser(api.em());
  token = await api.login(me);
  path = `/v1/users/${me.id}/contacts`;
});

const hulk = {
  first_name: 'strongest',
  last_name: 'avenger',
  phone_number: '+12345678900',
  email: 'hulk@avengers.com',
  is_emergency_contact: true,
};

it('creates, with and without a final slash', async () => {
  const answer = await api.call('POST', path, { token, body: hulk });
  expect([answer.status, answer.body.data]).toEqual([
    201,
    {
      ...hulk,
      id: 1,
      user_id: me.id,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      consent: 'pending',
      consent_at: null,
      refusal: null,
      reachable: true,
      last_proven_at: null,
    },
  ]);
  const { is_emergency_contact: _, ...unflagged } = {
    ...hulk,
    email: 'a@b.co',
    phone_number: '+12345678901',
  };
  const other = await api.call('POST', `${path}/`, { token, body: unflagged });
  expect([other.status, other.body.data.is_emergency_contact]).toEqual([201, false]);
});

it('keeps e-mail and phone number unique for one person, not for all', async () => {
  await api.call('POST', path, { token, body: hulk });
  const sameEmail = await api.call('POST', path, { token, body: { ...hulk, phone_number: '+12345678901' } });
  expect([sameEmail.status, sameEmail.body.error_codes]).toEqual([409, ['email_taken']]);
  const samePhone = await api.call('POST', path, { token, body: { ...hulk, email: 'a@b.co' } });
  expect([samePhone.status, samePhone.body.error_codes]).toEqual([409, ['phone_taken']]);
  const other = await createUser(api.em());
  const elsewhere = await api.call('POST', `/v1/users/${other.uuid}/contacts`, {
    token: await api.login(other),
    body: hulk,
  });
  expect(elsewhere.status).toBe(201);
});

it('lists newest first, in pages', async () => {
  const ids = [];
  for (let n = 0; n < 3; n++) ids.unshift((await createContact(api.em(), me.id)).id);
  const all = await api.call('GET', path, { token });
  expect(all.body.data.map((contact: { id: number }) => contact.id)).toEqual(ids);
  expect(all.body.paging).toEqual({ total: 3, page: 1, pages: 1 });
  const page = await api.call('GET', `${path}?limit=1&page=2`, { token });
  expect([page.body.data[0].id, page.body.paging]).toEqual([ids[1], { total: 3, page: 2, pages: 3 }]);
});

it('changes what is given by PUT and PATCH', async () => {
  const { id, email } = await createContact(api.em(), me.id);
  const put = await api.call('PUT', `${path}/${id}`, { token, body: { first_name: 'bruce' } });
  expect(put.body.data).toMatchObject({ id, email, first_name: 'bruce', is_emergency_contact: true });
  const patch = await api.call('PATCH', `${path}/${id}/`, { token, body: { is_emergency_contact: false } });
  expect(patch.body.data).toMatchObject({ first_name: 'bruce', is_emergency_contact: false });
});

it('is private: not even an admin comes near', async () => {
  const { id } = await createContact(api.em(), me.id);
  const admin = await api.login(await createAdmin(api.em()));
  const calls = [
    ['GET', path],
    ['POST', path],
    ['PUT', `${path}/${id}`],
    ['PATCH', `${path}/${id}`],
    ['DELETE', `${path}/${id}`],
  ] as const;
  for (const [method, url] of calls) {
    expect((await api.call(method, url, { token: admin, body: hulk })).status).toBe(403);
    expect((await api.call(method, url, { body: hulk })).status).toBe(401);
  }
  expect(await api.em().count(Contact)).toBe(1);
});

it("answers 404 for somebody else's contact and shows nothing of it", async () => {
  const other = await createUser(api.em());
  const foreign = await createContact(api.em(), other.id);
  for (const id of [foreign.id, 999]) {
    const put = await api.call('PUT', `${path}/${id}`, { token, body: { first_name: 'x' } });
    expect([put.status, put.text.includes(foreign.email)]).toEqual([404, false]);
    expect((await api.call('DELETE', `${path}/${id}`, { token })).status).toBe(404);
  }
  expect(await api.em().findOneOrFail(Contact, foreign.id)).toMatchObject({ firstName: foreign.firstName });
});

describe('the last emergency contact', () => {
  const states: [string, () => Promise<unknown>][] = [
    [
      'the schedule is active',
      () =>
        api
          .em()
          .execute(`update probe_settings set active = true, next_tick_at = now() where user_id = ?`, [
            me.id,
          ]),
    ],
    ['a probe is pending', () => createProbe(api.em(), me.id)],
    [
      'a check is planned',
      () =>
        api.em().insert(OneOffCheck, {
          userId: me.id,
          dueAt: new Date(),
          maxRetries: 1,
          waitTimeInMinutes: 5,
          createdAt: new Date(),
        }),
    ],
  ];

  it.each(states)('stays while %s', async (_, arrange) => {
    const { id } = await createContact(api.em(), me.id);
    await arrange();
    const unflag = { token, body: { is_emergency_contact: false } };
    expect((await api.call('PUT', `${path}/${id}`, unflag)).body.error_codes).toEqual([
      'last_emergency_contact',
    ]);
    expect((await api.call('DELETE', `${path}/${id}`, { token })).status).toBe(409);
    expect((await api.call('PUT', `${path}/${id}`, { token, body: { first_name: 'x' } })).status).toBe(200);

    await createContact(api.em(), me.id);
    expect((await api.call('DELETE', `${path}/${id}`, { token })).status).toBe(200);
  });

  it('may go when nothing is on', async () => {
    const { id } = await createContact(api.em(), me.id);
    await createProbe(api.em(), me.id, 'good');
    expect((await api.call('DELETE', `${path}/${id}`, { token })).body).toMatchObject({ success: true });
  });

  it('stays when two are removed at once', async () => {
    const contacts = [await createContact(api.em(), me.id), await createContact(api.em(), me.id)];
    await api.em().execute(`update probe_settings set active = true, next_tick_at = now()`);
    const answers = await Promise.all(
      contacts.map(({ id }) => api.call('DELETE', `${path}/${id}`, { token })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
  });
});

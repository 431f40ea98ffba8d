import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from '#libs/db/entities/client.entity';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
let token: string;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());
beforeEach(async () => {
  await api.clear();
  token = await api.login(await createAdmin(api.em()));
});

const call = (method: string, path: string, body?: object, headers = {}) =>
  api.call(method, `/v1/clients${path}`, { token, headers, ...(body && { body }) });

describe('clients', () => {
  it('are created, listed, read by id and by UUID, and renamed', async () => {
    const created = await call('POST', '', { name: ' avengers ' });
    expect([created.status, created.body.data]).toMatchObject([201, { name: 'avengers', version: 1 }]);
    const { id, uuid } = created.body.data;
    const list = await call('GET', '');
    expect(list.body.data.map((client: { name: string }) => client.name)).toEqual(['avengers', 'default']);
    expect(list.body.paging).toEqual({ total: 2, page: 1, pages: 1 });
    expect((await call('GET', `/${uuid.toUpperCase()}`)).body.data).toEqual(created.body.data);
    const renamed = await call('PUT', `/${id}`, { name: 'x-men', version: 1 });
    expect(renamed.body.data).toMatchObject({ id, uuid, name: 'x-men', version: 2 });
    expect((await call('PATCH', `/${id}`, { name: 'a', version: 1 })).body.error_codes).toEqual(['conflict']);
    expect((await call('PATCH', `/${id}`, { name: 'a' }, { 'if-match': '"1"' })).status).toBe(409);
    expect((await call('GET', '/999')).body.errors).toEqual(['client not found']);
  });

  it('have names of their own', async () => {
    expect((await call('POST', '', { name: 'default' })).body.error_codes).toEqual(['name_taken']);
    const { id } = (await call('POST', '', { name: 'avengers' })).body.data;
    expect((await call('PUT', `/${id}`, { name: 'default' })).body.error_codes).toEqual(['name_taken']);
  });

  it('are deleted only when nobody is left in them, and never the first', async () => {
    const client = await createClient(api.em());
    const user = await createUser(api.em(), { clientId: client.id });
    expect((await call('DELETE', `/${client.id}`)).body.error_codes).toEqual(['conflict']);
    await api.call('DELETE', `/v1/users/${user.id}`, { token });
    expect((await call('DELETE', `/${client.uuid}`)).status).toBe(200);
    expect((await call('DELETE', `/${client.id}`)).status).toBe(404);
    expect((await call('DELETE', '/1')).body.error_codes).toEqual(['conflict']);
  });

  it('never vanish under an account that is being created', async () => {
    const client = await createClient(api.em());
    const [created, deleted] = await Promise.all([
      api.call('POST', '/v1/users', {
        token,
        body: { email: 'a@b.co', password: 'x', client_id: client.id },
      }),
      call('DELETE', `/${client.id}`),
    ]);
    expect([
      [201, 409],
      [404, 200],
    ]).toContainEqual([created.status, deleted.status]);
    expect(await api.em().count(Client, { id: client.id })).toBe(created.status === 201 ? 1 : 0);
  });
});

describe('the platform admin', () => {
  it('chooses the client that lists are about, by query or by header', async () => {
    const client = await createClient(api.em());
    const user = await createUser(api.em(), { clientId: client.id });
    const idsOf = async (query: string, headers = {}) => {
      const { body } = await api.call('GET', `/v1/users${query}`, { token, headers });
      return body.data.map((each: { id: number }) => each.id);
    };
    expect(await idsOf('')).toEqual([user.id, 1]);
    expect(await idsOf(`?client_id=${client.id}`)).toEqual([user.id]);
    expect(await idsOf(`?client_id=${client.uuid}`, { 'x-client-id': '1' })).toEqual([user.id]);
    expect(await idsOf('', { 'x-client-id': '1' })).toEqual([1]);
    for (const path of ['/v1/probes', '/v1/jobs', '/v1/probes/stats', '/v1/jobs/stats']) {
      expect((await api.call('GET', `${path}?client_id=${client.id}`, { token })).status).toBe(200);
      expect((await api.call('GET', `${path}?client_id=999`, { token })).status).toBe(404);
      expect((await api.call('GET', `${path}?client_id=x`, { token })).status).toBe(400);
    }
    const own = { token, headers: { 'x-client-id': String(client.id) } };
    expect((await api.call('GET', '/v1/whoami', own)).body.data.id).toBe(1);
    expect((await api.call('GET', '/v1/users/1', own)).status).toBe(200);
  });
});

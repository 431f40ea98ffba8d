import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Client } from '#libs/db/entities/client.entity';
import { ROLES } from '#libs/db/entities/user.entity';
import { SecretBox } from '#libs/security/secret-box';
import { createAdmin, createClient, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

const secretsKey = Buffer.alloc(32, 7).toString('base64');
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_SECRETS_KEY: secretsKey });
});
afterAll(() => api.stop());

let client: Client;
let token: string;
beforeEach(async () => {
  await api.clear();
  client = await createClient(api.em());
  token = await api.login(await createUser(api.em(), { clientId: client.id, roleId: ROLES.admin }));
});

const path = '/v1/clients/me/settings';
const put = (body: object, headers = {}) => api.call('PUT', path, { token, body, headers });
const get = async () => (await api.call('GET', path, { token })).body.data;
const secrets = () =>
  api
    .em()
    .execute<{ client_id: number; name: string; sealed: string }[]>(
      `select client_id, name, sealed from client_secrets order by client_id, name`,
    );

describe("a client's settings", () => {
  const empty = {
    github_backend_url: null,
    github_token: { is_set: false },
    jira_backend_url: null,
    jira_token: { is_set: false },
    teams: [],
    brand: { name: null, color: null, logo_url: null },
    version: 1,
  };
  const teams = [
    {
      name: 'avengers',
      jira_board_id: 7,
      members: [
        { name: 'Tony', github_username: 'tony', jira_username: null, jira_account_id: '5b10' },
        { name: 'Bruce', github_username: null, jira_username: null, jira_account_id: null },
      ],
    },
    { name: 'science', jira_board_id: null, members: [] },
  ];

  it('are empty at first, keep what is left out, and go by null', async () => {
    expect(await get()).toMatchObject(empty);
    const first = await put({ github_backend_url: 'https://github.example.com/api/', teams });
    expect(first.body.data).toMatchObject({
      github_backend_url: 'https://github.example.com/api',
      teams,
      version: 2,
    });
    const second = await api.call('PATCH', path, {
      token,
      body: { jira_backend_url: 'http://jira.example.com' },
    });
    expect(second.body.data).toMatchObject({ teams, version: 3 });
    await put({ github_backend_url: null, jira_backend_url: null, teams: [] });
    expect(await get()).toMatchObject({ ...empty, version: 4 });
  });

  it('hold how the log-in page looks, as a whole', async () => {
    const brand = { name: 'Avengers', color: '#FFD400', logo_url: 'https://a.example/logo.svg' };
    expect((await put({ brand })).body.data.brand).toEqual({ ...brand, color: '#ffd400' });
    await put({ brand: { name: 'X' } });
    expect((await get()).brand).toEqual({ name: 'X', color: null, logo_url: null });
    await put({ brand: null });
    expect((await get()).brand).toEqual(empty.brand);
  });

  it('mind the version', async () => {
    expect((await put({ teams: [], version: 2 })).body.error_codes).toEqual(['conflict']);
    expect((await put({ teams: [] }, { 'if-match': '2' })).status).toBe(409);
    expect((await put({ teams: [], version: 1 })).status).toBe(200);
  });

  it.each<[object, string]>([
    [{}, 'valid fields required'],
    [{ teams: [], client_id: 1 }, 'client_id is not a known field'],
    [{ teams: {} }, 'teams must be a list'],
    [{ teams: [1] }, 'each of teams must be a JSON object'],
    [{ teams: [{ name: 'a', color: 'red' }] }, 'color is not a known field'],
    [{ teams: [{}] }, "a team's name is required"],
    [{ teams: [{ name: 'a', members: [{}] }] }, "a member's name is required"],
    [{ teams: Array.from({ length: 101 }, () => ({ name: 'a' })) }, 'teams must be at most 100'],
    [
      { github_backend_url: 'ftp://x' },
      'github_backend_url must be an address that begins with http:// or https://',
    ],
    [{ jira_backend_url: 'https://a:b@x.example.com' }, 'jira_backend_url must not hold a password'],
    [{ brand: 'blue' }, 'brand must be a JSON object'],
    [{ brand: { colour: '#ffffff' } }, 'colour is not a known field'],
    [{ brand: { color: 'red' } }, 'color must have the form #1f5fbf'],
    [{ brand: { color: '#fff;}' } }, 'color must have the form #1f5fbf'],
    [{ brand: { logo_url: 'http://a.example/x.png' } }, 'logo_url must begin with https://'],
    [{ github_token: 'a b' }, 'github_token must be 1 to 1000 printable characters without white space'],
  ])('refuse %j', async (body, message) => {
    const answer = await put(body);
    expect([answer.status, answer.body.errors]).toEqual([400, [message]]);
  });

  it('are those of the client that a platform admin chose', async () => {
    const highest = await api.login(await createAdmin(api.em()));
    const headers = { 'x-client-id': client.uuid };
    await api.call('PUT', path, { token: highest, headers, body: { teams } });
    expect((await get()).teams).toEqual(teams);
    expect((await api.call('GET', path, { token: highest })).body.data.teams).toEqual([]);
  });
});

describe('tokens', () => {
  const secret = 'ghp_0123456789abcdef';

  it('are kept sealed for their place, and never shown', async () => {
    const answer = await put({ github_token: secret });
    expect(answer.body.data).toMatchObject({
      github_token: { is_set: true },
      jira_token: { is_set: false },
      version: 2,
    });
    const read = await api.call('GET', path, { token });
    expect([answer.text, read.text].join()).not.toContain(secret);
    const [kept] = await secrets();
    expect(kept).toMatchObject({ client_id: client.id, name: 'github_token' });
    const box = new SecretBox(secretsKey);
    expect(box.open(kept!.sealed, `client/${client.uuid}/github_token`)).toBe(secret);
    expect(() => box.open(kept!.sealed, `client/${client.uuid}/jira_token`)).toThrow('cannot be opened');
    const dump = JSON.stringify(await api.em().execute(`select * from clients, client_secrets`));
    expect(dump).not.toContain(secret);
  });

  it('are replaced, removed by null, and go with their client', async () => {
    await put({ github_token: secret, jira_token: 'jira' });
    const [before] = await secrets();
    await put({ github_token: 'another' });
    const [after, jira] = await secrets();
    expect(after!.sealed).not.toBe(before!.sealed);
    expect(jira!.name).toBe('jira_token');
    expect((await put({ github_token: null })).body.data.github_token).toEqual({ is_set: false });
    await api.em().execute(`delete from users where client_id = ?`, [client.id]);
    await api.em().execute(`delete from clients where id = ?`, [client.id]);
    expect(await secrets()).toEqual([]);
  });
});

describe('without a key in the configuration', () => {
  // Begun only here: of two APIs in one process the later one knows the callers of both.
  let keyless: TestApi;
  beforeAll(async () => {
    keyless = await TestApi.start();
  });
  afterAll(() => keyless.stop());

  it('tokens are refused, while everything else works', async () => {
    const admin = await keyless.login(await createAdmin(keyless.em()));
    const change = (body: object) => keyless.call('PUT', path, { token: admin, body });
    const { body, status } = await change({ github_token: 'ghp_0123456789', teams: [{ name: 'a' }] });
    expect([status, body.error_codes]).toEqual([409, ['secrets_key_missing']]);
    expect(body.errors!.join()).not.toContain('ghp_');
    expect((await keyless.call('GET', path, { token: admin })).body.data.teams).toEqual([]);
    expect((await change({ teams: [{ name: 'a' }], jira_token: null })).status).toBe(200);
  });
});

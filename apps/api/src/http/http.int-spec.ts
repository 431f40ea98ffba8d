import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createApiKey } from '#libs/testing/factories/api-key.factory';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';

let api: TestApi;
let token: string;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());
beforeEach(async () => {
  await api.clear();
  const admin = await createAdmin(api.em());
  token = await api.login(admin);
  await createContact(api.em(), admin.id);
  await createProbe(api.em(), admin.id, 'good');
  await createApiKey(api.em(), admin.id, { id: KEY_ID });
});

interface Route {
  method: string;
  path: string;
  /** A body that is taken. */
  body?: Record<string, unknown>;
  /** The body may be left out. */
  isBodyOptional?: boolean;
  isPublic?: boolean;
  /** Fields of the body that null empties. */
  nullable?: string[];
  query?: string[];
  /** Another route that also takes this path, with other methods. */
  under?: string;
  /** A method by which the path shows a page, which no program reads. */
  page?: string;
}

const person = { first_name: 'a', last_name: 'b', email: 'a@b.co', phone_number: '+12345678999' };
const pages = ['page', 'limit'];
const pagesOfClients = [...pages, 'client_id'];
const KEY_ID = '3f1b7c0e-5a39-4a5e-8f0b-2f7f1c9d8e7a';
const moment = '2027-01-01T00:00:00Z';

// Every route of the API but the webhooks; a test below holds this list against the API's own description.
const ROUTES: Route[] = [
  { method: 'GET', path: '/health', isPublic: true },
  { method: 'GET', path: '/v1/healthcheck', isPublic: true },
  { method: 'GET', path: '/metrics', isPublic: true },
  { method: 'GET', path: '/jwks', isPublic: true },
  { method: 'GET', path: '/.well-known/jwks.json', isPublic: true },
  {
    method: 'POST',
    path: '/login',
    isPublic: true,
    body: { email: 'a@b.co', password: 'x' },
    page: 'GET',
  },
  // Forms, which are read otherwise: oauth.int-spec.ts.
  { method: 'POST', path: '/oauth2/token', isPublic: true },
  { method: 'POST', path: '/oauth2/revoke', isPublic: true },
  { method: 'GET', path: '/.well-known/openid-configuration', isPublic: true },
  { method: 'GET', path: '/.well-known/oauth-authorization-server', isPublic: true },
  { method: 'POST', path: '/v1/auth/refresh', isPublic: true, body: { refresh_token: 'x' } },
  { method: 'POST', path: '/v1/auth/logout', body: { all: true }, isBodyOptional: true },
  {
    method: 'POST',
    path: '/v1/users/sessions',
    isPublic: true,
    body: { email: 'a@b.co', password: 'x' },
    under: '/v1/users/{uid}',
  },
  { method: 'GET', path: '/v1/users/sessions', query: pages, under: '/v1/users/{uid}' },
  { method: 'DELETE', path: '/v1/users/sessions/{id}' },
  { method: 'GET', path: '/v1/users/auth', under: '/v1/users/{uid}' },
  { method: 'POST', path: '/v1/auth/password/forgot', isPublic: true, body: { email: 'a@b.co' } },
  {
    method: 'POST',
    path: '/v1/auth/password/reset',
    isPublic: true,
    body: { email: 'a@b.co', code: '12345678', password: 'x' },
  },
  {
    method: 'POST',
    path: '/v1/auth/password/change',
    isPublic: true,
    body: { email: 'a@b.co', password: 'x', new_password: 'y' },
  },
  { method: 'GET', path: '/v1/whoami' },
  { method: 'GET', path: '/v1/users', query: pagesOfClients },
  { method: 'POST', path: '/v1/users', body: { ...person, password: 'x' } },
  { method: 'GET', path: '/v1/users/{uid}' },
  { method: 'PUT', path: '/v1/users/{uid}', body: { ...person, password: 'x' } },
  { method: 'PATCH', path: '/v1/users/{uid}', body: { ...person, password: 'x' } },
  { method: 'DELETE', path: '/v1/users/{uid}' },
  {
    method: 'PATCH',
    path: '/v1/users/{uid}/role',
    body: { role: 'admin', level: 5, enabled: true, version: 1 },
    nullable: ['level'],
  },
  { method: 'GET', path: '/v1/users/{uid}/api-keys', query: pages },
  {
    method: 'POST',
    path: '/v1/users/{uid}/api-keys',
    body: { label: 'x', expires_at: moment },
    nullable: ['expires_at'],
  },
  { method: 'GET', path: '/v1/users/{uid}/api-keys/{key}' },
  {
    method: 'PATCH',
    path: '/v1/users/{uid}/api-keys/{key}',
    body: { label: 'x', enabled: true, expires_at: moment },
    nullable: ['expires_at'],
  },
  { method: 'DELETE', path: '/v1/users/{uid}/api-keys/{key}' },
  {
    method: 'POST',
    path: '/v1/users/{uid}/api-keys/{key}/rotate',
    body: { overlap_minutes: 60, expires_at: moment },
    isBodyOptional: true,
    nullable: ['expires_at'],
  },
  { method: 'GET', path: '/v1/users/{uid}/contacts', query: pages },
  { method: 'POST', path: '/v1/users/{uid}/contacts', body: { ...person, is_emergency_contact: true } },
  { method: 'PUT', path: '/v1/users/{uid}/contacts/{id}', body: { ...person, is_emergency_contact: true } },
  { method: 'PATCH', path: '/v1/users/{uid}/contacts/{id}', body: { ...person, is_emergency_contact: true } },
  { method: 'DELETE', path: '/v1/users/{uid}/contacts/{id}' },
  ...['PUT', 'PATCH'].map((method) => ({
    method,
    path: '/v1/users/{uid}/probe_settings',
    body: {
      active: false,
      cron_expression: '0 18 * * 3',
      max_retries: 3,
      wait_time_in_minutes: 60,
      escalation_wait_in_minutes: 15,
      quiet_hours_from: '22:00',
      quiet_hours_to: '07:00',
      time_zone: 'America/Toronto',
    },
    nullable: ['time_zone'],
  })),
  {
    method: 'POST',
    path: '/v1/users/{uid}/probe_settings/pause',
    body: { until: '2026-11-24T18:00:00-05:00' },
  },
  { method: 'DELETE', path: '/v1/users/{uid}/probe_settings/pause' },
  { method: 'GET', path: '/v1/users/{uid}/probes', query: pages },
  {
    method: 'POST',
    path: '/v1/users/{uid}/probes',
    body: { in_minutes: 5, max_retries: 3, wait_time_in_minutes: 10 },
    isBodyOptional: true,
  },
  { method: 'GET', path: '/v1/users/{uid}/probes/{id}' },
  { method: 'GET', path: '/v1/users/{uid}/probes/{id}/timeline' },
  { method: 'GET', path: '/v1/users/{uid}/messages', query: pages },
  { method: 'GET', path: '/v1/users/{uid}/drills', query: pages },
  {
    method: 'POST',
    path: '/v1/users/{uid}/drills',
    body: { wait_time_in_minutes: 10 },
    isBodyOptional: true,
  },
  { method: 'GET', path: '/v1/users/{uid}/drills/{id}' },
  { method: 'DELETE', path: '/v1/users/{uid}/drills/{id}' },
  { method: 'GET', path: '/v1/probes', query: [...pagesOfClients, 'status'] },
  { method: 'GET', path: '/v1/probes/stats' },
  { method: 'GET', path: '/v1/probes/{id}' },
  { method: 'GET', path: '/v1/probes/{id}/timeline' },
  { method: 'GET', path: '/v1/clients', query: pages },
  { method: 'POST', path: '/v1/clients', body: { name: 'avengers' } },
  { method: 'GET', path: '/v1/clients/{id}' },
  { method: 'PUT', path: '/v1/clients/{id}', body: { name: 'avengers', version: 1 } },
  { method: 'PATCH', path: '/v1/clients/{id}', body: { name: 'avengers', version: 1 } },
  { method: 'DELETE', path: '/v1/clients/{id}' },
  { method: 'GET', path: '/v1/clients/me/settings' },
  ...['PUT', 'PATCH'].map((method) => ({
    method,
    path: '/v1/clients/me/settings',
    body: {
      github_backend_url: 'https://github.example.com/api',
      github_token: 'ghp_1',
      jira_backend_url: 'https://jira.example.com',
      jira_token: 'jira_1',
      teams: [{ name: 'a', members: [{ name: 'b' }] }],
      brand: { name: 'a', color: '#1f5fbf', logo_url: 'https://a.example/logo.svg' },
      version: 1,
    },
    nullable: ['github_backend_url', 'github_token', 'jira_backend_url', 'jira_token', 'brand'],
  })),
  { method: 'POST', path: '/v1/clients/me/users', body: { emails: ['c@d.co'] } },
  { method: 'GET', path: '/v1/jobs', query: [...pagesOfClients, 'status'] },
  { method: 'GET', path: '/v1/jobs/stats' },
  { method: 'GET', path: '/v1/audit', query: [...pagesOfClients, 'user_id', 'action'] },
  { method: 'GET', path: '/v1/backups', query: pages },
  { method: 'POST', path: '/v1/backups' },
  { method: 'GET', path: '/v1/backups/{id}' },
];
const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const at = ({ path }: Route) => path.replace('{uid}', '1').replace('{id}', '1').replace('{key}', KEY_ID);
const withBody = ROUTES.filter((route) => route.body).map((route) => [nameOf(route), route] as const);

/** Asserts that a request was refused in words, and answers them. */
function refused({ status, body, text }: Answer, context: unknown): string[] {
  if (status < 400 || status >= 500)
    throw new Error(`${JSON.stringify(context)} was answered with ${status}: ${text}`);
  expect(body).toMatchObject({ success: false, request_id: expect.any(String) });
  expect(body.errors!.length).toBeGreaterThan(0);
  expect(body.error_codes).toHaveLength(body.errors!.length);
  return body.errors!;
}

it('describes every route, and this file knows every one of them', async () => {
  const { text } = await api.call('GET', '/openapi.json');
  const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, { responses: object }>> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(ROUTES.map(nameOf).sort());
  for (const route of ROUTES) {
    const { responses } = paths[route.path]![route.method.toLowerCase()]!;
    if (!route.isPublic) expect(Object.keys(responses)).toContain('401');
    if (route.body) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '413']));
  }
});

it('serves its page to read from its own files', async () => {
  const page = await api.call('GET', '/docs');
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html']);
  const files = [...page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((match) => `/${match[1]}`);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect((await api.call('GET', file)).status).toBe(200);
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
});

describe('request ids', () => {
  it.each(['abc-123', 'x'.repeat(128)])('are taken over: %s', async (id) => {
    const answer = await api.call('GET', '/health', { headers: { 'x-request-id': id } });
    expect([answer.headers['x-request-id'], answer.body]).toMatchObject([
      id,
      { success: true, request_id: id },
    ]);
  });

  it.each(['', 'a b', 'x'.repeat(129), 'ä'])('are made when they are not sane: %j', async (id) => {
    const answer = await api.call('GET', '/nowhere', { headers: { 'x-request-id': id } });
    expect(answer.body.request_id).toMatch(/^[\da-f-]{36}$/);
    expect(answer.headers['x-request-id']).toBe(answer.body.request_id);
  });
});

describe('routing', () => {
  it.each(['/', '/nowhere', '/v1', '/v1/users/1/nothing', '/v1//users', '/v1/users/1//', '/docs/nothing'])(
    'answers 404 for %s',
    async (path) => {
      const answer = await api.call('GET', path, { token });
      expect([answer.status, answer.body.error_codes]).toEqual([404, ['not_found']]);
    },
  );

  it.each(ROUTES.map((route) => [nameOf(route), route] as const))(
    'tolerates one final slash: %s',
    async (_, route) => {
      const answer = await api.call(route.method, `${at(route)}/`);
      expect([404, 405]).not.toContain(answer.status);
    },
  );

  it.each(ROUTES.map((route) => [route.path, route] as const))(
    'answers 405 and OPTIONS for %s',
    async (_, route) => {
      const taken = ROUTES.filter(({ path }) => path === route.path || path === route.under).flatMap(
        ({ method, page }) => (page ? [method, page] : [method]),
      );
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
        (each) => !taken.includes(each),
      )) {
        const answer = await api.call(method, at(route), { token, body: '{broken' });
        expect([method, answer.status, answer.body.error_codes]).toEqual([
          method,
          405,
          ['method_not_allowed'],
        ]);
        for (const each of taken) expect(answer.headers['allow']).toContain(each);
      }
      const options = await api.call('OPTIONS', at(route));
      expect([options.status, options.text]).toEqual([204, '']);
    },
  );

  it('answers HEAD as GET without a body', async () => {
    const answer = await api.call('HEAD', '/v1/users/1', { token });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect((await api.call('HEAD', '/v1/users/1')).status).toBe(401);
  });

  it.each(['/%zz', '/v1/users/%', '/v1/users/%ff'])('refuses the path %s', async (path) => {
    refused(await api.call('GET', path, { token }), path);
  });
});

describe('tokens', () => {
  const guarded = ROUTES.filter((route) => !route.isPublic).map((route) => [nameOf(route), route] as const);
  it.each(guarded)('are needed before anything else is looked at: %s', async (_, route) => {
    for (const path of [at(route), at({ ...route, path: route.path.replace(/\{\w+\}/g, 'abc') })]) {
      const answer = await api.call(route.method, path, { ...(route.body && { body: { nonsense: 1 } }) });
      expect([path, answer.status, answer.body.errors]).toEqual([path, 401, ['no token provided']]);
      expect((await api.call(route.method, path, { token: 'garbage' })).body.errors).toEqual([
        'invalid token provided',
      ]);
    }
  });
});

describe('ids', () => {
  const values = [
    '0',
    '-1',
    '1.5',
    '1e3',
    'abc',
    '2147483648',
    '9'.repeat(30),
    '9'.repeat(90),
    'NaN',
    'null',
    '%20',
    '%00',
    '1%00',
    '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6',
    '%F0%9F%98%80',
    "1'--",
    '1;drop',
    '..%2f1',
    '{x}',
  ];
  const cases = ROUTES.flatMap((route) =>
    ['{uid}', '{id}', '{key}']
      .filter((part) => route.path.includes(part))
      .map((part) => [nameOf(route), part, route] as const),
  );
  it.each(cases)('are checked: %s, %s', async (_, part, route) => {
    for (const value of values) {
      const path = at({ ...route, path: route.path.replace(part, value) });
      refused(await api.call(route.method, path, { token, ...(route.body && { body: route.body }) }), path);
    }
  });
});

describe('queries', () => {
  const cases = ROUTES.flatMap((route) =>
    (route.query ?? []).map((name) => [nameOf(route), name, route] as const),
  );
  const values = [
    '',
    '0',
    '-1',
    '1.5',
    '1e400',
    'abc',
    '%00',
    '%F0%9F%98%80',
    '9'.repeat(400),
    'a&page=2',
    "1'--",
    '%',
  ];
  it.each(cases)('do no harm: %s, %s', async (_, name, route) => {
    for (const value of values) {
      const path = `${at(route)}?${name}=${value}`;
      const answer = await api.call('GET', path, { token });
      if (answer.status !== 200) refused(answer, path);
    }
    refused(await api.call('GET', `${at(route)}?${name}=1&nonsense=1`, { token }), 'unknown name');
    const faraway = await api.call('GET', `${at(route)}?page=1000000000`, { token });
    expect([faraway.status, faraway.body.data]).toEqual([200, []]);
  });
});

describe('bodies', () => {
  const broken: [string, string, RegExp][] = [
    ['nothing but a brace', '{', /is not JSON: .*position 1 \(line 1 column 2\)/],
    ['a comma too many', '{"a":1,}', /is not JSON: .*position 7/],
    ['a stray token', '{\n "a": tru }', /is not JSON: Unexpected token .* \(line 2 column 10\)/],
    ['another language', 'a=1&b=2', /is not JSON: .*position 0/],
    ['a cut-off text', '{"a":"b', /is not JSON: .*position 7/],
    ['poison', '{"__proto__":{"admin":true}}', /must not hold the keys __proto__/],
    ['more poison', '{"constructor":{"prototype":{"admin":true}}}', /must not hold the keys/],
    ['depth', '['.repeat(40_000), /is not JSON|JSON object/],
    ['depth that is well-formed', '['.repeat(40_000) + ']'.repeat(40_000), /must be a JSON object/],
    ['depth with a NUL', `${'['.repeat(40_000)}"\\u0000"${']'.repeat(40_000)}`, /U\+0000/],
    ['null', 'null', /must be a JSON object/],
    ['a list', '[]', /must be a JSON object/],
    ['a text', '"text"', /must be a JSON object/],
    ['a number', '1e999', /must be a JSON object/],
  ];

  it.each(withBody)('that are malformed are refused with fault and place: %s', async (_, route) => {
    for (const [name, body, message] of broken) {
      const answer = await api.call(route.method, at(route), { token, body });
      expect([name, answer.status]).toEqual([name, 400]);
      expect(refused(answer, name).join()).toMatch(message);
    }
    const large = await api.call(route.method, at(route), {
      token,
      body: `{"a":"${'x'.repeat(100 * 1024)}"}`,
    });
    expect([large.status, large.body.error_codes]).toEqual([413, ['too_large']]);
    if (route.isBodyOptional) return;
    for (const body of [undefined, '', ' \n']) {
      const answer = await api.call(route.method, at(route), { token, body });
      expect([answer.status, answer.body.errors]).toEqual([400, ['the body must not be empty']]);
    }
  });

  const values: unknown[] = [
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    ' ',
    'x'.repeat(2e3),
    '\0',
    'a\0b',
    '\ud800',
    '‮',
    '😀'.repeat(300),
    [],
    {},
    [1],
    { a: 1 },
    ['a@b.co'],
    '9'.repeat(50),
    "'; drop table users; --",
    '${7*7}',
    '<b>',
  ];
  it.each(withBody)('with a field of a wrong kind never do harm: %s', async (_, route) => {
    for (const name of Object.keys(route.body!)) {
      for (const value of values) {
        const answer = await api.call(route.method, at(route), {
          token,
          body: { ...route.body, [name]: value },
        });
        if (answer.status >= 500) throw new Error(`${name} = ${JSON.stringify(value)}: ${answer.text}`);
        // A new password was taken: the token is kept good for the rest.
        if (answer.status === 200) await api.em().execute(`update users set token_version = 1`);
        const isAnotherKind = typeof value !== typeof route.body![name] || value === null;
        if (isAnotherKind && !(value === null && route.nullable?.includes(name)))
          expect(refused(answer, [name, value]).join()).toContain(name);
      }
      const unknown = await api.call(route.method, at(route), {
        token,
        body: { ...route.body, nonsense: 1 },
      });
      expect(refused(unknown, 'unknown field')).toEqual(['nonsense is not a known field']);
    }
  });

  it.each([
    undefined,
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x',
    'image/png',
    ';;;',
  ])('are JSON whatever their type says: %j', async (type) => {
    const answer = await api.call('PUT', '/v1/users/1/probe_settings', {
      token,
      body: { max_retries: 2 },
      headers: { ...(type !== undefined && { 'content-type': type }) },
    });
    expect([answer.status, answer.body.data.max_retries]).toEqual([200, 2]);
  });

  it('without need are not minded', async () => {
    expect((await api.call('DELETE', '/v1/users/1/contacts/999', { token, body: { a: 1 } })).status).toBe(
      404,
    );
  });
});

it('answers in an envelope even what is not HTTP', async () => {
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as { port: number };
  const send = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  expect(await send('GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request[^]*"success":false/);
  const headers = `GET /health HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`;
  expect(await send(headers)).toMatch(/^HTTP\/1\.1 431 [^]*"success":false/);
});

it('logs one line a request, with its path but nothing that names somebody in it', async () => {
  const lines = () => api.log.split('\n').filter((line) => line.includes('"msg":"request"'));
  const before = lines().length;
  const id = '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c61';
  const paths = {
    '/v1/users/1/contacts?page=1': '/v1/users/1/contacts',
    [`/v1/users/${id}`]: `/v1/users/${id}`,
    '/v1/users/tony@example.com': '/v1/users/***',
    '/v1/users/+15551234567/probes': '/v1/users/***/probes',
    '/nowhere/15551234567': '/nowhere/***',
    [`/nowhere/${token}`]: '/nowhere/***',
    '/login?email=tony@example.com&password=very-secure': '/login',
  };
  for (const path of Object.keys(paths)) await api.call('GET', path, { token });
  const logged = lines()
    .slice(before)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged.map(({ path }) => path)).toEqual(Object.values(paths));
  expect(logged[0]).toEqual({
    level: 30,
    time: expect.any(String),
    request_id: expect.any(String),
    method: 'GET',
    path: '/v1/users/1/contacts',
    status: 200,
    duration_ms: expect.any(Number),
    msg: 'request',
  });
});

it('shows nothing of a bug, and keeps working', async () => {
  const em = api.em();
  await em.execute(`alter table contacts rename to contacts_gone`);
  const answer = await api.call('GET', '/v1/users/1/contacts', { token });
  await em.execute(`alter table contacts_gone rename to contacts`);
  expect([answer.status, answer.body.errors]).toEqual([500, ['internal error']]);
  expect(answer.text).not.toMatch(/contacts|select|relation/);
  expect((await api.call('GET', '/v1/users/1/contacts', { token })).status).toBe(200);
});

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditEntry } from '#libs/db/entities/audit-entry.entity';
import { Client } from '#libs/db/entities/client.entity';
import { Session } from '#libs/db/entities/session.entity';
import type { User } from '#libs/db/entities/user.entity';
import { contrastRatio } from '#libs/domain/contrast';
import { createClient, createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { APP, Attempt, Browser, post, sentBack } from './browser.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

let user: User;
let browser: Browser;
beforeEach(async () => {
  await api.clear();
  user = await createUser(api.em());
  browser = new Browser(api);
});

const credentials = () => ({ email: user.email, password: TEST_PASSWORD });
const login = async () => browser.submit(await browser.get('/login'), credentials());
const sessions = () => api.em().count(Session, { endedAt: null });
const policyOf = ({ headers }: Answer) => String(headers['content-security-policy']);

describe('the log-in page', () => {
  it('can be used without seeing, without a mouse, on a small screen and in the dark', async () => {
    const { status, headers, text } = await browser.get('/login');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toContain('<title>Log in – Kronus</title>');
    expect(text.match(/<h1>/g)).toHaveLength(1);
    expect(text).toContain('<main>');
    const fields = [...text.matchAll(/<input (?!type="hidden")[^>]*id="(\w+)"/g)].map(([, id]) => id);
    expect(fields).toEqual(['email', 'password']);
    for (const id of fields) expect(text).toMatch(new RegExp(`<label for="${id}">\\w`));
    expect(text).toContain('autocomplete="username"');
    expect(text).toContain('autocomplete="current-password"');
    expect(text).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    expect(text).toContain('prefers-color-scheme: dark');
    expect(text).toContain(':focus-visible');
    expect(text).toContain('<a href="/login/forgot">Forgot your password?</a>');
    expect(text).not.toContain('<div role="alert"');
  });

  it('can be read in the light and in the dark', async () => {
    const { text } = await browser.get('/login');
    const schemes = [...text.matchAll(/--text: (#\w+); --page: (#\w+); --line: (#\w+); --fault: (#\w+);/g)];
    expect(schemes).toHaveLength(2);
    for (const [, ink, page, line, fault] of schemes) {
      expect(contrastRatio(ink!, page!)).toBeGreaterThan(7);
      expect(contrastRatio(fault!, page!)).toBeGreaterThan(4.5);
      expect(contrastRatio(line!, page!)).toBeGreaterThan(3);
    }
    const [, ink, ground] = /header {[^}]* color: (#\w+); background: (#\w+);/.exec(text)!;
    expect(contrastRatio(ink!, ground!)).toBeGreaterThan(4.5);
  });

  it('runs nothing, loads nothing, and is framed by nobody', async () => {
    const page = await browser.get('/login');
    const style = /<style>([^]*)<\/style>/.exec(page.text)![1]!;
    expect(policyOf(page)).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; ` +
        `img-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
    expect(page.text).not.toMatch(/<script|<link|<iframe|\son\w+=|\sstyle=|javascript:/i);
    expect(page.headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'no-store' });
  });

  it('may lead to the app that it is for, and to no other site', async () => {
    const page = await browser.get(new Attempt().url().replace('/oauth2/authorize', '/login'));
    expect(policyOf(page)).toContain("form-action 'self' http://localhost:3900;");
  });

  it('leaves the log-in of programs as it was', async () => {
    const answer = await api.call('POST', '/login', {
      body: credentials(),
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([answer.status, answer.body.data.token]).toEqual([200, expect.stringMatching(/^eyJ/)]);
    expect((await api.call('POST', '/login/', { body: credentials() })).status).toBe(200);
  });
});

describe('logging in', () => {
  it('without an app begins a session in the browser, and says so', async () => {
    const answer = await login();
    expect([answer.status, answer.headers['location']]).toEqual([303, '/login']);
    const page = await browser.get('/login');
    expect(page.text).toContain('<h1>You are logged in</h1>');
    expect(page.text).not.toContain('type="password"');
    expect(await sessions()).toBe(1);
  });

  it('gives cookies that no script and no other site can use', async () => {
    await login();
    expect(browser.given).toHaveLength(2);
    for (const line of browser.given)
      expect(line).toMatch(/^kronus_(form|session)=[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/);
    const session = browser.cookies.get('kronus_session')!;
    const tries: Record<string, string>[] = [
      { cookie: `kronus_session=${session}` },
      { authorization: session },
    ];
    for (const headers of tries) expect((await api.call('GET', '/v1/whoami', { headers })).status).toBe(401);
  });

  it('with HTTPS gives cookies of this very host, for HTTPS only', async () => {
    const secure = await TestApi.start({ KRONUS_PUBLIC_URL: 'https://kronus.example.com' });
    const other = new Browser(secure);
    await other.get('/login');
    expect(other.given).toEqual([
      expect.stringMatching(/^__Host-kronus_form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    await secure.stop();
  });

  it.each([
    ['a wrong password', () => ({ password: 'not-this-one' })],
    ['an unknown address', () => ({ email: 'nobody@example.com' })],
  ])('with %s shows the page again with one sentence', async (_, change) => {
    const request = new Attempt().url();
    const page = await browser.get(request.replace('/oauth2/authorize', '/login'));
    const given = { ...credentials(), ...change() };
    const answer = await browser.submit(page, given);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain(
      '<div role="alert" id="fault"><p>The e-mail address or the password is wrong.</p></div>',
    );
    expect(answer.text).toContain('aria-describedby="fault"');
    expect(answer.text).toContain(`value="${given.email}"`);
    expect(answer.text).not.toContain(given.password);
    expect(await sessions()).toBe(0);
    expect(sentBack(await browser.submit(answer, credentials())).get('code')).toMatch(/^krc_/);
  });

  it('is refused alike to a disabled account', async () => {
    await api.em().execute(`update users set enabled = false`);
    expect((await login()).status).toBe(401);
  });

  it.each([{ email: '' }, { password: '' }, { email: null }, { email: `${'x'.repeat(300)}` }])(
    'without the two fields asks for them: %j',
    async (change) => {
      const answer = await browser.submit(await browser.get('/login'), { ...credentials(), ...change });
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('<div role="alert"');
    },
  );

  it('takes no character that the database can not keep', async () => {
    const answer = await browser.submit(await browser.get('/login'), {
      ...credentials(),
      email: `${user.email}\0`,
      password: 'a\0b',
    });
    expect(answer.status).toBe(401);
  });

  it('is refused to a form that another site sends', async () => {
    const page = await browser.get('/login');
    const stranger = new Browser(api);
    await stranger.get('/login');
    const answers = [
      await new Browser(api).submit(page, credentials()),
      await stranger.submit(page, credentials()),
      await browser.submit(page, { ...credentials(), token: null }),
      await browser.submit(page, { ...credentials(), token: browser.cookies.get('kronus_form')! }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.headers['location']]).toEqual([403, undefined]);
      expect(answer.text).toContain('<div role="alert"');
    }
    expect(await sessions()).toBe(0);
    expect((await browser.submit(page, credentials())).status).toBe(303);
  });

  it('is in the audit log, the refused one too', async () => {
    await api.em().execute(`truncate audit_log`);
    await browser.submit(await browser.get('/login'), { ...credentials(), password: 'wrong' });
    await login();
    const entries = await api.em().find(AuditEntry, { action: 'login.log_in' }, { orderBy: { id: 'asc' } });
    expect(entries.map(({ result, userId }) => [result, userId])).toEqual([
      ['refused', user.id],
      ['done', user.id],
    ]);
  });
});

describe('the look', () => {
  const brand = { name: `A & <b>"B"</b> 'C'`, color: '#ffd400', logo_url: 'https://cdn.example.com/a.svg' };
  let client: Client;
  beforeEach(async () => {
    client = await createClient(api.em());
    await api.em().nativeUpdate(Client, { id: client.id }, { settings: { brand } });
  });

  it('is that of the client that the app names', async () => {
    const sent = await browser.get(new Attempt().url({ client: client.uuid }));
    const page = await browser.get(String(sent.headers['location']));
    expect(page.text).toContain('<span>A &amp; &lt;b&gt;&quot;B&quot;&lt;/b&gt; &#39;C&#39;</span>');
    expect(page.text).not.toContain('<b>');
    expect(page.text).toContain('<img src="https://cdn.example.com/a.svg" alt="" height="40">');
    expect(page.text).toContain('color: #000000; background: #ffd400;');
    expect(policyOf(page)).toContain('img-src https://cdn.example.com;');
    const wrong = await browser.submit(page, { ...credentials(), password: 'wrong' });
    expect(wrong.text).toContain('background: #ffd400;');
  });

  it('is Kronus’ own without one, and for a client that is not there', async () => {
    for (const hint of ['', '?client=nobody', `?client=${user.uuid}`, '?client=a&client=b']) {
      const page = await browser.get(`/login${hint}`);
      expect([page.status, page.text.includes('<span>Kronus</span>')]).toEqual([200, true]);
    }
  });

  it('has the name of a client that set none', async () => {
    const plain = await createClient(api.em());
    expect((await browser.get(`/login?client=${plain.uuid}`)).text).toContain(`<span>${plain.name}</span>`);
  });

  it('is that of the own client after the log-in', async () => {
    user = await createUser(api.em(), { clientId: client.id });
    await login();
    for (const path of ['/login', '/oauth2/logout'])
      expect((await browser.get(path)).text).toContain('background: #ffd400;');
  });

  it('never runs what somebody wrote into a request', async () => {
    const evil = '"><script>alert(1)</script>';
    const url = new Attempt().url({ state: evil, nonce: evil, client: evil });
    const page = await browser.get(String((await browser.get(url)).headers['location']));
    const answer = await browser.submit(page, { email: evil, password: 'x' });
    for (const { text } of [page, answer]) expect(text).not.toContain('<script');
    expect(answer.status).toBe(401);
  });
});

describe('logging out', () => {
  const back = 'http://localhost:3900/app/';
  const query = new URLSearchParams({
    client_id: APP.id,
    post_logout_redirect_uri: back,
    state: 'bye',
  }).toString();

  it('asks, then ends the session with all tokens of it, and goes back to the app', async () => {
    const attempt = new Attempt();
    const page = await browser.get(String((await browser.get(attempt.url())).headers['location']));
    const code = sentBack(await browser.submit(page, credentials())).get('code')!;
    const { text } = await post(api, '/oauth2/token', attempt.redemption(code));
    const tokens = JSON.parse(text) as { access_token: string; refresh_token: string };
    const question = await browser.get(`/oauth2/logout?${query}`);
    expect(question.text).toContain('<h1>Log out?</h1>');
    expect(await sessions()).toBe(1);

    const answer = await browser.submit(question, {});
    expect([answer.status, answer.headers['location']]).toEqual([303, `${back}?state=bye`]);
    expect([await sessions(), browser.cookies.has('kronus_session')]).toEqual([0, false]);
    const whoami = await api.call('GET', '/v1/whoami', { token: tokens.access_token });
    const refreshed = await post(api, '/oauth2/token', {
      grant_type: 'refresh_token',
      client_id: APP.id,
      refresh_token: tokens.refresh_token,
    });
    expect([whoami.status, refreshed.status]).toEqual([401, 400]);
  });

  it('of nobody is done at once, and leads to no address that is not the app’s', async () => {
    expect((await browser.get(`/oauth2/logout?${query}`)).headers['location']).toBe(`${back}?state=bye`);
    for (const foreign of [
      '',
      'client_id=nobody&post_logout_redirect_uri=https://evil.example.com/',
      `client_id=${APP.id}&post_logout_redirect_uri=https://evil.example.com/`,
      `post_logout_redirect_uri=${back}`,
    ]) {
      const answer = await browser.get(`/oauth2/logout?${foreign}`);
      expect([answer.status, answer.headers['location']]).toEqual([200, undefined]);
      expect(answer.text).toContain('You are logged out');
    }
  });

  it('is refused to a form that another site sends', async () => {
    await login();
    const question = await browser.get('/oauth2/logout');
    const answer = await browser.submit(question, { token: 'x' });
    expect([answer.status, await sessions()]).toEqual([403, 1]);
    expect((await browser.submit(answer, {})).text).toContain('You are logged out');
    expect(await sessions()).toBe(0);
  });
});

describe('guessing on the page', () => {
  let limited: TestApi;
  beforeAll(async () => {
    limited = await TestApi.start({ KRONUS_LIMITS_ENABLED: 'true' });
  });
  afterAll(() => limited.stop());

  it('is limited like every log-in, and told on a page', async () => {
    const { email } = await createUser(limited.em());
    const guesser = new Browser(limited);
    const page = await guesser.get('/login');
    const guess = (password: string) => guesser.submit(page, { email, password });
    for (let each = 0; each < 5; each++) {
      expect((await guess(TEST_PASSWORD)).status).toBe(303);
      expect((await guess('wrong')).status).toBe(401);
    }
    const refused = await guess(TEST_PASSWORD);
    expect([refused.status, refused.headers['content-type']]).toEqual([429, 'text/html; charset=utf-8']);
    expect(refused.text).toMatch(
      /<div role="alert" id="fault"><p>Too many requests: try again in \d+ s\.<\/p><\/div>/,
    );
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    const asJson = await limited.call('POST', '/login', { body: { email, password: TEST_PASSWORD } });
    expect(asJson.status).toBe(429);
  });
});

describe('what goes wrong', () => {
  it('is shown on a page to people, and in the envelope to programs', async () => {
    const page = await browser.get('/login/nowhere');
    expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(page.text).toContain('<div role="alert"');
    const answer = await api.call('GET', '/login/nowhere');
    expect([answer.status, answer.body.error_codes]).toEqual([404, ['not_found']]);
  });

  it('never is a form that makes no sense', async () => {
    for (const path of ['/login/form', '/oauth2/logout'])
      for (const body of [
        undefined,
        '',
        'x',
        '{"a":1}',
        'email=a&email=b&token=1&token=2',
        '%00=%ff',
        'a'.repeat(2e5),
      ]) {
        const { status } = await api.call('POST', path, { body });
        expect([path, body?.slice(0, 9), [403, 413].includes(status)]).toEqual([
          path,
          body?.slice(0, 9),
          true,
        ]);
      }
  });
});

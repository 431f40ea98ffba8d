import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditEntry } from '#libs/db/entities/audit-entry.entity';
import { Client } from '#libs/db/entities/client.entity';
import { Message } from '#libs/db/entities/message.entity';
import { Session } from '#libs/db/entities/session.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createClient, createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { PasswordService } from '../auth/password.service.ts';
import { Attempt, Browser, post, sentBack } from './browser.fixture.ts';

const NEW_PASSWORD = 'even-safer';
const MINUTE_MS = 60_000;
const NAMES = ['forgot', 'reset', 'change'] as const;

let api: TestApi;
let start: Date;
beforeAll(async () => {
  api = await TestApi.start();
  start = api.clock.now();
});
afterAll(() => api.stop());

let user: User;
let browser: Browser;
let attempt: Attempt;
beforeEach(async () => {
  api.clock.set(start);
  await api.clear();
  user = await createUser(api.em());
  browser = new Browser(api);
  attempt = new Attempt();
});

const open = (name: string) => browser.get(`/login/${name}`);
const queryOf = (url: string) => url.slice(url.indexOf('?') + 1);
const problemsOf = ({ text }: Answer) =>
  /<div role="alert" id="fault">(.*?)<\/div>/.exec(text)?.[1]?.match(/(?<=<p>)[^<]+/g) ?? [];
const fieldsOf = ({ text }: Answer) => [...text.matchAll(/<input id="(\w+)"/g)].map(([, id]) => id);
const login = async (password: string) =>
  (await api.call('POST', '/login', { body: { email: user.email, password } })).status;
const redeem = (code: string) => post(api, '/oauth2/token', attempt.redemption(code));
const texts = (kind: 'password_code' | 'password_changed') =>
  api.em().find(Message, { kind }, { orderBy: { id: 'asc' } });
async function newestCode(): Promise<string> {
  await api.app.get(PasswordService).settled();
  return /\d{8}/.exec((await texts('password_code')).at(-1)!.body)![0];
}
const mustChange = () => api.em().execute(`update users set must_change_password = true`);

describe.each(NAMES)('the page %s', (name) => {
  it('has a label for every field, no script, and the look of the log-in', async () => {
    const page = await open(name);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(fieldsOf(page)).toContain('email');
    for (const id of fieldsOf(page)) expect(page.text).toMatch(new RegExp(`<label for="${id}">\\w`));
    expect(page.text).not.toMatch(/<script|\son\w+=|style="|https?:/);
    const login = await browser.get('/login');
    const styleOf = ({ text }: Answer) => /<style>[^]*<\/style>/.exec(text)![0];
    expect(styleOf(page)).toBe(styleOf(login));
    for (const header of ['content-security-policy', 'cache-control', 'x-frame-options'])
      expect([header, page.headers[header]]).toEqual([header, login.headers[header]]);
    expect([...browser.cookies.keys()]).toEqual(['kronus_form']);
  });

  it('has the look of the client that the app names', async () => {
    const client = await createClient(api.em());
    const brand = { name: 'Avengers', color: '#ffd400' };
    await api.em().nativeUpdate(Client, { id: client.id }, { settings: { brand } });
    const page = await browser.get(`/login/${name}?${queryOf(attempt.url({ client: client.uuid }))}`);
    const again = await browser.submit(page, { email: '', code: '', password: '', new_password: '' });
    for (const { text } of [page, again]) {
      expect(text).toContain('<span>Avengers</span>');
      expect(text).toContain('background: #ffd400;');
    }
    expect(again.status).toBe(400);
  });

  it('takes forms of its own only', async () => {
    const page = await open(name);
    const fields = { email: user.email, code: '12345678', password: TEST_PASSWORD, new_password: 'y' };
    const stranger = new Browser(api);
    await stranger.get('/login');
    for (const answer of [
      await new Browser(api).submit(page, fields),
      await stranger.submit(page, fields),
      await browser.submit(page, { ...fields, token: null }),
      await browser.submit(page, { ...fields, token: browser.cookies.get('kronus_form')! }),
    ]) {
      expect([answer.status, answer.headers['location']]).toEqual([403, undefined]);
      expect(problemsOf(answer)).toEqual([expect.stringContaining('allow cookies')]);
    }
    expect([await api.em().count(Message), await login(TEST_PASSWORD)]).toEqual([0, 200]);
  });

  it('takes the token of the log-in page, because there is one for all', async () => {
    await browser.get('/login');
    const cookie = browser.cookies.get('kronus_form');
    await open(name);
    expect(browser.cookies.get('kronus_form')).toBe(cookie);
  });

  it('keeps what was typed but no secret, as text', async () => {
    const email = '"><b>x</b>';
    const secrets = { code: 'secret-code', password: 'secret 1', new_password: 'secret 2' };
    const answer = await browser.submit(await open(name), { email, ...secrets });
    expect(answer.text).not.toMatch(/<b>|secret/);
    expect(answer.text).toContain('value="&quot;&gt;&lt;b&gt;x&lt;/b&gt;"');
  });

  it('says what is missing in words of people', async () => {
    const answer = await browser.submit(await open(name), { email: ' ', new_password: 'a b', password: '' });
    expect([answer.status, problemsOf(answer)]).toEqual([
      400,
      {
        forgot: ['The e-mail address is required.'],
        reset: [
          'The e-mail address is required.',
          'The code is required.',
          'The new password must not be empty or contain white space.',
        ],
        change: [
          'The e-mail address is required.',
          'The present password is required.',
          'The new password must not be empty or contain white space.',
        ],
      }[name],
    ]);
    expect(answer.text).toContain('aria-describedby="fault"');
  });

  it.each([
    ['an unknown app', { client_id: 'evil', redirect_uri: 'https://evil.example.com/' }],
    ['a foreign address', { redirect_uri: 'https://evil.example.com/' }],
    ['no address', { redirect_uri: null }],
  ])('neither shows nor does anything for a request of %s', async (_, change) => {
    await mustChange();
    const query = queryOf(attempt.url(change));
    await browser.submit(await open('forgot'), { email: user.email });
    const fields = {
      email: user.email,
      code: await newestCode(),
      password: name === 'change' ? TEST_PASSWORD : NEW_PASSWORD,
      new_password: NEW_PASSWORD,
    };
    const answers = [
      await browser.get(`/login/${name}?${query}`),
      await browser.submit(await open(name), { ...fields, request: query }),
    ];
    for (const { status, headers, text } of answers) {
      expect([status, headers['location']]).toEqual([400, undefined]);
      expect(text).not.toMatch(/<form|evil/);
    }
    await api.app.get(PasswordService).settled();
    expect([(await texts('password_code')).length, await texts('password_changed')]).toEqual([1, []]);
    expect(await api.em().count(Session)).toBe(0);
    expect(await login(NEW_PASSWORD)).toBe(401);
  });

  it('leads to no other site without an app', async () => {
    await mustChange();
    await browser.submit(await open('forgot'), { email: user.email });
    for (const request of ['redirect_uri=https://evil.example.com/', '//evil.example.com', 'client=//x']) {
      const page = await browser.get(`/login/${name}?${request}`);
      expect(page.status).toBe(200);
      expect(page.text).not.toContain('evil');
    }
    const answer = await browser.submit(await open(name), {
      email: user.email,
      code: await newestCode(),
      password: name === 'change' ? TEST_PASSWORD : NEW_PASSWORD,
      new_password: NEW_PASSWORD,
      request: 'redirect_uri=https://evil.example.com/&state=x',
    });
    expect(answer.headers['location']).toBe(name === 'forgot' ? undefined : '/login');
  });
});

describe('a forgotten password', () => {
  it('is set anew on the way to an app, which gets its code without another log-in', async () => {
    const other = await api.login(user);
    const first = await browser.goOn(await browser.get(attempt.url()));
    const question = await browser.follow(first, 'Forgot your password?');
    const asked = await browser.submit(question, { email: user.email });
    expect([asked.status, fieldsOf(asked)]).toEqual([200, ['email', 'code', 'password']]);
    expect(asked.text).toContain(`value="${user.email}"`);
    expect(String(asked.headers['content-security-policy'])).toContain(
      "form-action 'self' http://localhost:3900;",
    );
    const code = await newestCode();
    const wrong = await browser.submit(asked, {
      code: code === '00000000' ? '1' : '00000000',
      password: NEW_PASSWORD,
    });
    expect([wrong.status, problemsOf(wrong)]).toEqual([401, ['The code is wrong or not valid any more.']]);
    const back = sentBack(await browser.submit(wrong, { code, password: NEW_PASSWORD }));
    expect([back.get('state'), (await redeem(back.get('code')!)).status]).toEqual([attempt.state, 200]);
    expect([await login(TEST_PASSWORD), await login(NEW_PASSWORD)]).toEqual([401, 200]);
    expect((await api.call('GET', '/v1/whoami', { token: other })).status).toBe(401);
    expect(await texts('password_changed')).toHaveLength(1);
  });

  it('leads back to the log-in with the request, and to another code', async () => {
    const question = await browser.get(`/login/forgot?${queryOf(attempt.url())}`);
    const asked = await browser.submit(question, { email: user.email });
    const again = await browser.follow(asked, 'Send another code');
    const page = await browser.follow(again, 'Back to the log-in');
    const answer = await browser.submit(page, { email: user.email, password: TEST_PASSWORD });
    expect((await redeem(sentBack(answer).get('code')!)).status).toBe(200);
  });

  it('is set anew without an app, and its owner is logged in', async () => {
    const asked = await browser.submit(await open('forgot'), { email: user.email });
    const answer = await browser.submit(asked, { code: await newestCode(), password: NEW_PASSWORD });
    expect((await browser.goOn(answer)).text).toContain('<h1>You are logged in</h1>');
  });

  it('leads strangers to the same page', async () => {
    const [known, unknown] = [
      await browser.submit(await open('forgot'), { email: user.email }),
      await browser.submit(await open('forgot'), { email: 'nobody@example.com' }),
    ];
    expect([known.status, known.text.replaceAll(user.email, '')]).toEqual([
      unknown.status,
      unknown.text.replaceAll('nobody@example.com', ''),
    ]);
  });
});

describe('a password that has to be changed', () => {
  beforeEach(mustChange);

  /** Logs in with the password of somebody else's making. */
  const logIn = async (url = attempt.url()) => {
    const page = await browser.goOn(await browser.get(url));
    return browser.submit(page, { email: user.email, password: TEST_PASSWORD });
  };

  it('is changed on the way to an app, which gets its code without another log-in', async () => {
    const answer = await logIn();
    expect(answer.headers['location']).toMatch(/^\/login\/change\?client_id=/);
    const page = await browser.goOn(answer);
    expect(fieldsOf(page)).toEqual(['email', 'new_password']);
    expect(page.text).toContain(`value="${user.email}" readonly`);
    const cookie = browser.cookies.get('kronus_session')!;
    const back = sentBack(await browser.submit(page, { new_password: NEW_PASSWORD }));
    expect([back.get('state'), (await redeem(back.get('code')!)).status]).toEqual([attempt.state, 200]);
    expect([await login(TEST_PASSWORD), await login(NEW_PASSWORD)]).toEqual([401, 200]);
    expect(await texts('password_changed')).toHaveLength(1);
    // The log-in with the old password is over, and its cookie too.
    expect(browser.cookies.get('kronus_session')).not.toBe(cookie);
    browser.cookies.set('kronus_session', cookie);
    expect((await browser.get(attempt.url())).headers['location']).toMatch(/^\/login\?/);
  });

  it('is changed without an app, and its owner is logged in', async () => {
    const answer = await browser.submit(await browser.get('/login'), {
      email: user.email,
      password: TEST_PASSWORD,
    });
    expect(answer.headers['location']).toBe('/login/change');
    const page = await browser.goOn(await browser.get('/login'));
    const done = await browser.submit(page, { new_password: NEW_PASSWORD });
    expect((await browser.goOn(done)).text).toContain('<h1>You are logged in</h1>');
  });

  it('keeps apps out until then', async () => {
    await logIn();
    expect((await browser.get(attempt.url())).headers['location']).toMatch(/^\/login\/change\?/);
    const silent = sentBack(await browser.get(attempt.url({ prompt: 'none' })));
    expect([silent.get('error'), silent.get('code')]).toEqual(['interaction_required', null]);
    expect(await api.em().execute(`select 1 from oauth_codes`)).toEqual([]);
  });

  it('keeps out an app that had a code or tokens before', async () => {
    const refused = { error: 'invalid_grant' };
    await api.em().execute(`update users set must_change_password = false`);
    const code = sentBack(await logIn()).get('code')!;
    await mustChange();
    expect(JSON.parse((await redeem(code)).text)).toMatchObject(refused);
    await api.em().execute(`update users set must_change_password = false`);
    const { refresh_token } = JSON.parse((await redeem(code)).text) as { refresh_token: string };
    await mustChange();
    const grant = { grant_type: 'refresh_token', client_id: 'kronus-console', refresh_token };
    expect(JSON.parse((await post(api, '/oauth2/token', grant)).text)).toMatchObject(refused);
    const refresh = await api.call('POST', '/v1/auth/refresh', { body: { refresh_token } });
    expect(refresh.status).toBe(401);
  });

  it('is to be another one', async () => {
    const page = await browser.goOn(await logIn());
    const same = await browser.submit(page, { new_password: TEST_PASSWORD });
    expect([same.status, fieldsOf(same), problemsOf(same)]).toEqual([
      400,
      ['email', 'new_password'],
      ['The new password must be another one than the present password.'],
    ]);
    const spaced = await browser.submit(same, { new_password: 'a b' });
    expect([spaced.status, problemsOf(spaced)]).toEqual([
      400,
      ['The new password must not be empty or contain white space.'],
    ]);
    expect((await browser.submit(spaced, { new_password: NEW_PASSWORD })).status).toBe(303);
  });

  it('is asked for again ten minutes after the log-in', async () => {
    const page = await browser.goOn(await logIn());
    api.clock.set(start.getTime() + 10 * MINUTE_MS + 1);
    const late = await browser.submit(page, { new_password: NEW_PASSWORD });
    expect([late.status, problemsOf(late)]).toEqual([400, ['The present password is required.']]);
    const asked = await browser.get(`/login/change?${queryOf(attempt.url())}`);
    for (const full of [late, asked]) {
      expect(fieldsOf(full)).toEqual(['email', 'password', 'new_password']);
      expect(full.text).toContain(`value="${user.email}"`);
    }
    const wrong = await browser.submit(late, { password: 'wrong', new_password: NEW_PASSWORD });
    expect([wrong.status, problemsOf(wrong)]).toEqual([
      401,
      ['The e-mail address or the password is wrong.'],
    ]);
    const done = await browser.submit(wrong, { password: TEST_PASSWORD, new_password: NEW_PASSWORD });
    expect((await redeem(sentBack(done).get('code')!)).status).toBe(200);
  });

  it('is the one of the form, whoever logged in with the browser meanwhile', async () => {
    const other = await createUser(api.em(), { mustChangePassword: true });
    const tab = await open('change');
    const mine = await browser.goOn(await logIn());
    const both = { password: TEST_PASSWORD, new_password: NEW_PASSWORD };
    expect((await browser.submit(tab, { email: other.email, ...both })).status).toBe(303);
    expect([await login(TEST_PASSWORD), await login(NEW_PASSWORD)]).toEqual([403, 401]);
    const stale = await browser.submit(mine, { new_password: 'third-one' });
    expect([stale.status, await login('third-one')]).toEqual([400, 401]);
  });

  it('is changed in the look of the own client', async () => {
    const client = await createClient(api.em());
    await api.em().nativeUpdate(Client, { id: client.id }, { settings: { brand: { color: '#ffd400' } } });
    user = await createUser(api.em(), { clientId: client.id, mustChangePassword: true });
    expect((await browser.goOn(await logIn())).text).toContain('background: #ffd400;');
  });

  it('is the only one to be changed here', async () => {
    await api.em().execute(`update users set must_change_password = false`);
    const answer = await browser.submit(await open('change'), {
      email: user.email,
      password: TEST_PASSWORD,
      new_password: NEW_PASSWORD,
    });
    expect([answer.status, problemsOf(answer)]).toEqual([
      403,
      ['This password does not have to be changed.'],
    ]);
  });

  it('is on record as changed, once', async () => {
    await api.em().execute(`truncate audit_log`);
    const page = await browser.goOn(await logIn());
    await browser.submit(page, { new_password: NEW_PASSWORD });
    const entries = await api.em().find(AuditEntry, { userId: user.id }, { orderBy: { id: 'asc' } });
    expect(entries.map(({ action, result, fields }) => [action, result, fields])).toEqual([
      ['login.log_in', 'done', ['email', 'password', 'request', 'token']],
      ['password_pages.change', 'done', ['email', 'new_password', 'request', 'token']],
    ]);
  });
});

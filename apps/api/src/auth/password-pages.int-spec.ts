import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Message } from '#libs/db/entities/message.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { escapeHtml, renderPage } from './page.ts';
import { PasswordService } from './password.service.ts';

const NEW_PASSWORD = 'even-safer';
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_PUBLIC_URL: 'https://kronus.example.com' });
});
afterAll(() => api.stop());

let user: User;
beforeEach(async () => {
  await api.clear();
  user = await createUser(api.em());
});

type Name = 'forgot' | 'reset' | 'change';
const open = (name: Name, cookie = '') => api.call('GET', `/login/${name}`, { headers: { cookie } });
const cookieOf = ({ headers }: Answer) => String(headers['set-cookie']).split(';')[0]!;
const tokenOf = ({ text }: Answer) => /name="form_token" value="([^"]+)"/.exec(text)![1]!;

/** Sends a form as a browser does that has just opened its page. */
async function send(name: Name, fields: Record<string, string>): Promise<Answer> {
  const page = await open(name);
  return post(name, { form_token: tokenOf(page), ...fields }, cookieOf(page));
}
const post = (name: Name, fields: Record<string, string>, cookie: string) =>
  api.call('POST', `/login/${name}`, {
    body: new URLSearchParams(fields).toString(),
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
  });
const problemsOf = ({ text }: Answer) => /<div role="alert">(.*?)<\/div>/.exec(text)?.[1];
const login = async (password: string) =>
  (await api.call('POST', '/login', { body: { email: user.email, password } })).status;

describe.each(['forgot', 'reset', 'change'] as const)('the page %s', (name) => {
  it('has a label for every field, no script, and may load nothing', async () => {
    const { status, headers, text } = await open(name);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const ids = [...text.matchAll(/<input id="([^"]+)"/g)].map((match) => match[1]!);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) expect(text).toContain(`<label for="${id}">`);
    expect(text).not.toMatch(/<script|\son\w+=|style="|https?:/);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers['set-cookie']).toMatch(
      /^kronus-form=[\w-]{43}; Path=\/login; HttpOnly; SameSite=Strict; Max-Age=3600; Secure$/,
    );
    expect(headers['cache-control']).toBe('no-store');
  });

  it('takes forms of its own only', async () => {
    const page = await open(name);
    const fields = { email: user.email, code: '12345678', password: 'x', new_password: 'y' };
    for (const [form_token, cookie] of [
      [tokenOf(page), ''],
      ['', cookieOf(page)],
      [tokenOf(await open(name)), cookieOf(page)],
    ] as const) {
      const answer = await post(name, { ...fields, form_token }, cookie);
      expect([answer.status, problemsOf(answer)]).toEqual([
        403,
        '<p>This page was open for too long. Please try again.</p>',
      ]);
    }
    expect(await api.em().count(Message)).toBe(0);
  });

  it('shares its cookie with other tabs', async () => {
    const cookie = cookieOf(await open(name));
    expect(cookieOf(await open(name, cookie))).toBe(cookie);
  });

  it('keeps what was typed but no secret, as text', async () => {
    const email = '"><b>x</b>';
    const answer = await send(name, {
      email,
      code: 'secret-code',
      password: 'secret 1',
      new_password: 'secret 2',
    });
    expect(answer.text).not.toMatch(/<b>|secret/);
    expect(answer.text).toContain(`value="${escapeHtml(email)}"`);
  });
});

describe('in a browser', () => {
  it('a forgotten password is set anew', async () => {
    const asked = await send('forgot', { email: user.email });
    expect([asked.status, asked.text]).toEqual([200, expect.stringContaining('action="/login/reset"')]);
    expect(asked.text).toContain(`value="${user.email}"`);
    await api.app.get(PasswordService).settled();
    const [text] = await api.em().find(Message, { kind: 'password_code' });
    const code = /\d{8}/.exec(text!.body)![0];
    const fields = { email: user.email, code, password: NEW_PASSWORD };
    const wrong = await post(
      'reset',
      { ...fields, code: code === '00000000' ? '1' : '00000000', form_token: tokenOf(asked) },
      cookieOf(asked),
    );
    expect([wrong.status, problemsOf(wrong)]).toEqual([
      401,
      '<p>the code is wrong or not valid any more</p>',
    ]);
    const done = await post('reset', { ...fields, form_token: tokenOf(wrong) }, cookieOf(wrong));
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('Your password is set')]);
    expect([await login(TEST_PASSWORD), await login(NEW_PASSWORD)]).toEqual([401, 200]);
  });

  it('a password is changed that has to be', async () => {
    await api.em().execute(`update users set must_change_password = true`);
    const fields = { email: user.email, password: TEST_PASSWORD, new_password: NEW_PASSWORD };
    expect((await send('change', { ...fields, password: 'wrong' })).status).toBe(401);
    expect((await send('change', { ...fields, new_password: 'with space' })).status).toBe(400);
    expect((await send('change', fields)).text).toContain('Your password is changed');
    expect(await login(NEW_PASSWORD)).toBe(200);
  });

  it('strangers are answered as people who are known', async () => {
    const [known, unknown] = [
      await send('forgot', { email: user.email }),
      await send('forgot', { email: 'nobody@example.com' }),
    ];
    const plain = (answer: Answer, email: string) =>
      answer.text.replaceAll(email, '').replace(tokenOf(answer), '');
    expect([known.status, plain(known, user.email)]).toEqual([
      unknown.status,
      plain(unknown, 'nobody@example.com'),
    ]);
  });
});

it('writes text as text', () => {
  const page = renderPage({ title: '<i>&', problems: [`"'`], text: '<script>' });
  expect(page).toContain('<h1>&lt;i&gt;&amp;</h1>');
  expect(page).toContain('<p>&quot;&#39;</p>');
  expect(page).not.toContain('<script>');
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Mail } from '#libs/db/entities/mail.entity';
import { Message } from '#libs/db/entities/message.entity';
import { PasswordReset } from '#libs/db/entities/password-reset.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createApiKey } from '#libs/testing/factories/api-key.factory';
import { createAdmin, createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer } from '../api.fixture.ts';
import { PasswordService } from './password.service.ts';

const MINUTE_MS = 60_000;
const NEW_PASSWORD = 'even-safer';

let api: TestApi;
let start: Date;
beforeAll(async () => {
  api = await TestApi.start({
    KRONUS_SMTP_URL: 'smtp://127.0.0.1:9',
    KRONUS_SMTP_FROM: 'kronus@example.com',
    KRONUS_PUBLIC_URL: 'https://kronus.example.com',
  });
  start = api.clock.now();
});
afterAll(() => api.stop());

let user: User;
beforeEach(async () => {
  api.clock.set(start);
  await api.clear();
  user = await createUser(api.em());
});

const path = (name: string) => `/v1/auth/password/${name}`;
/** Asks for a code and waits until it is on record. */
async function forgot(email: string): Promise<Answer> {
  const answer = await api.call('POST', path('forgot'), { body: { email } });
  await api.app.get(PasswordService).settled();
  return answer;
}
const reset = (body: { code: string; email?: string; password?: string }) =>
  api.call('POST', path('reset'), { body: { email: user.email, password: NEW_PASSWORD, ...body } });
const change = (body: object, token?: string) =>
  api.call('POST', path('change'), { body, ...(token !== undefined && { token }) });
const whoami = async (token: string) => (await api.call('GET', '/v1/whoami', { token })).status;
const texts = (kind: 'password_code' | 'password_changed') =>
  api.em().find(Message, { kind }, { orderBy: { id: 'asc' } });
const mails = (kind: 'password_code' | 'password_changed') =>
  api.em().find(Mail, { kind }, { orderBy: { id: 'asc' } });
const codeIn = (text: string | null | undefined) => /\b\d{8}\b/.exec(text ?? '')![0];
const refusal = ({ status, body }: Answer) => [status, body.errors, body.error_codes];
const wrongCode = [401, ['the code is wrong or not valid any more'], ['code_invalid']];
const wrongCredentials = [401, ['email/password is invalid'], ['credentials_invalid']];
const mustChange = [403, [expect.stringContaining('has to be changed first')], ['password_change_required']];
/** Every code but the right one. */
const anotherThan = (code: string) => (code === '00000000' ? '00000001' : '00000000');
const login = (password = TEST_PASSWORD, email = user.email) =>
  api.call('POST', '/login', { body: { email, password } });

/** Asks for a code and reads it where the phone would. */
async function newCode(): Promise<string> {
  await forgot(user.email);
  return codeIn((await texts('password_code')).at(-1)!.body);
}

describe('a forgotten password', () => {
  it('is answered the same for everybody, and has nothing sent to strangers', async () => {
    const disabled = await createUser(api.em(), { enabled: false });
    const answers = [];
    for (const email of [user.email, 'nobody@example.com', disabled.email, user.email.toUpperCase()])
      answers.push(await forgot(email));
    for (const { status, body, text } of answers) {
      expect([status, body.success, Object.keys(body)]).toEqual([202, true, ['success', 'request_id']]);
      expect(text).not.toContain(user.email);
    }
    const sent = [...(await texts('password_code')), ...(await mails('password_code'))];
    expect(sent.map(({ userId }) => userId)).toEqual([user.id, user.id, user.id, user.id]);
  });

  it('has a code sent by text and mail, kept as its hash only', async () => {
    await forgot(user.email);
    const [[text], [mail]] = [await texts('password_code'), await mails('password_code')];
    expect(text).toMatchObject({ toNumber: user.phoneNumber, status: 'queued', probeId: null });
    expect(mail).toMatchObject({ toAddress: user.email, status: 'queued' });
    expect(codeIn(text!.body)).toBe(codeIn(mail!.body));
    expect(mail!.body).toContain('https://kronus.example.com/login/reset');
    expect(mail!.subject).not.toMatch(/\d{8}/);
    const kept = await api.em().findOneOrFail(PasswordReset, { userId: user.id });
    expect(kept.codeHash).toMatch(/^\$argon2id\$/);
    expect(kept.expiresAt).toEqual(new Date(start.getTime() + 15 * MINUTE_MS));
    expect(await api.delivered()).toEqual([{ kind: 'notices', entityId: user.id, signal: 'noticeOwed' }]);
  });

  it('reaches by mail who has no phone', async () => {
    const mailOnly = await createUser(api.em(), { phoneNumber: null });
    await forgot(mailOnly.email);
    expect([await texts('password_code'), (await mails('password_code')).length]).toEqual([[], 1]);
    const code = codeIn((await mails('password_code'))[0]!.body);
    expect((await reset({ code, email: mailOnly.email })).status).toBe(200);
  });

  it.each(['accepted', 'failed', 'canceled'])(
    'leaves no code on record once its text is %s',
    async (status) => {
      const code = await newCode();
      const rank = status === 'accepted' ? 2 : 4;
      await api.em().execute(`update messages set status = ?, status_rank = ?`, [status, rank]);
      const [text] = await texts('password_code');
      expect(text!.body).not.toContain(code);
      expect(text!.body).toContain('********');
    },
  );

  it('shows its code in no answer, not even to whoever is logged in', async () => {
    const token = await api.login(user);
    const admin = await api.login(await createAdmin(api.em()));
    const code = await newCode();
    for (const [at, as] of [
      [`/v1/users/${user.id}/messages`, token],
      [`/v1/users/${user.id}/messages`, admin],
      ['/v1/jobs', admin],
      ['/v1/audit', admin],
      [`/v1/users/${user.id}`, token],
    ] as const) {
      const answer = await api.call('GET', at, { token: as });
      expect([at, answer.status, answer.text.includes(code)]).toEqual([at, 200, false]);
    }
    const { body } = await api.call('GET', `/v1/users/${user.id}/messages`, { token });
    expect(body.data[0]).toMatchObject({ kind: 'password_code', to: 'person' });
    expect(body.data[0]).not.toHaveProperty('body');
    expect(api.log).not.toContain(code);
  });
});

describe('a code', () => {
  it('sets a new password, ends every session and token, and is told of', async () => {
    const { token, refresh_token } = (await login()).body.data;
    const { key } = await createApiKey(api.em(), user.id);
    const code = await newCode();
    expect((await reset({ code })).status).toBe(200);
    expect(await whoami(token)).toBe(401);
    const renewed = await api.call('POST', '/v1/auth/refresh', { body: { refresh_token } });
    expect([renewed.status, await whoami(key)]).toEqual([401, 200]);
    expect([(await login()).status, (await login(NEW_PASSWORD)).status]).toEqual([401, 200]);
    expect((await texts('password_changed')).map(({ toNumber }) => toNumber)).toEqual([user.phoneNumber]);
    expect((await mails('password_changed')).map(({ toAddress }) => toAddress)).toEqual([user.email]);
    // What was not sent yet of the code is no use to anybody.
    expect((await mails('password_code')).map(({ status, body }) => [status, body])).toEqual([
      ['canceled', null],
    ]);
    const admin = await api.login(await createAdmin(api.em()));
    const { body } = await api.call('GET', `/v1/audit?action=password.reset`, { token: admin });
    expect(body.data[0]).toMatchObject({ result: 'done', user_id: user.id, actor_id: null });
  });

  it('may be written with spaces', async () => {
    const code = await newCode();
    expect((await reset({ code: ` ${code.slice(0, 4)} ${code.slice(4)} ` })).status).toBe(200);
  });

  it('is good once, also for those who come at once', async () => {
    const code = await newCode();
    const answers = await Promise.all([1, 2, 3].map(() => reset({ code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect(refusal(await reset({ code }))).toEqual(wrongCode);
  });

  it('is good for a quarter of an hour', async () => {
    const code = await newCode();
    api.clock.set(start.getTime() + 15 * MINUTE_MS - 1);
    expect(refusal(await reset({ code: anotherThan(code) }))).toEqual(wrongCode);
    api.clock.set(start.getTime() + 15 * MINUTE_MS);
    expect(refusal(await reset({ code }))).toEqual(wrongCode);
  });

  it('can be tried five times', async () => {
    const code = await newCode();
    for (let tries = 0; tries < 4; tries++)
      expect(refusal(await reset({ code: anotherThan(code) }))).toEqual(wrongCode);
    expect((await reset({ code })).status).toBe(200);
    const other = await newCode();
    for (let tries = 0; tries < 5; tries++) await reset({ code: anotherThan(other) });
    expect(refusal(await reset({ code: other }))).toEqual(wrongCode);
  });

  it('is replaced by the next one', async () => {
    const [first, second] = [await newCode(), await newCode()];
    if (first !== second) expect(refusal(await reset({ code: first }))).toEqual(wrongCode);
    expect((await reset({ code: second })).status).toBe(200);
  });

  it('is of its account only, and refused alike where there is none', async () => {
    const code = await newCode();
    const other = await createUser(api.em());
    for (const email of [other.email, 'nobody@example.com'])
      expect(refusal(await reset({ code, email }))).toEqual(wrongCode);
    await api.em().execute(`update users set enabled = false`);
    expect(refusal(await reset({ code }))).toEqual(wrongCode);
  });

  it('does not outlive the phone and the address that it was sent to', async () => {
    for (const body of [{ phone_number: '+4915112345678' }, { email: 'other@example.com' }]) {
      const token = await api.login(user);
      const code = await newCode();
      user.email = (await api.call('PUT', `/v1/users/${user.id}`, { token, body })).body.data.email;
      expect(refusal(await reset({ code }))).toEqual(wrongCode);
    }
  });

  it('needs a password that may be set, and is not used up by another', async () => {
    const code = await newCode();
    expect((await reset({ code, password: 'with space' })).status).toBe(400);
    expect((await reset({ code })).status).toBe(200);
  });

  it('opens an account that was made without a password', async () => {
    await api.em().execute(`update users set password_hash = null`);
    expect((await reset({ code: await newCode() })).status).toBe(200);
    expect((await login(NEW_PASSWORD)).status).toBe(200);
  });
});

describe('changing a password', () => {
  const body = { password: TEST_PASSWORD, new_password: NEW_PASSWORD };

  it('ends every session but the own one, which gets another token', async () => {
    const [mine, other] = [(await login()).body.data, (await login()).body.data];
    const answer = await change(body, mine.token);
    expect([answer.status, answer.body.data]).toEqual([200, { token: expect.any(String), expires_in: 3600 }]);
    expect([
      await whoami(answer.body.data.token),
      await whoami(mine.token),
      await whoami(other.token),
    ]).toEqual([200, 401, 401]);
    const refresh = async (refresh_token: string) =>
      (await api.call('POST', '/v1/auth/refresh', { body: { refresh_token } })).status;
    expect([await refresh(mine.refresh_token), await refresh(other.refresh_token)]).toEqual([200, 401]);
    expect([(await login()).status, (await login(NEW_PASSWORD)).status]).toEqual([401, 200]);
    expect(await texts('password_changed')).toHaveLength(1);
  });

  it('leaves a session with a key as it is, and an API key', async () => {
    const { key } = (
      await api.call('POST', '/v1/users/sessions', { body: { email: user.email, password: TEST_PASSWORD } })
    ).body.data;
    const answer = await change(body, key);
    expect([answer.status, answer.body.data, await whoami(key)]).toEqual([
      200,
      { token: null, expires_in: null },
      200,
    ]);
  });

  it('needs the present password and another one', async () => {
    const token = await api.login(user);
    expect(refusal(await change({ ...body, password: 'wrong' }, token))).toEqual(wrongCredentials);
    expect(refusal(await change({ ...body, new_password: TEST_PASSWORD }, token))[0]).toBe(400);
    expect((await change({ ...body, email: user.email }, token)).status).toBe(400);
    expect(refusal(await change(body, 'garbage'))[2]).toEqual(['token_invalid']);
    expect(refusal(await change(body))).toEqual([401, ['no token provided'], ['unauthenticated']]);
    expect((await login()).status).toBe(200);
  });

  it('over the account is told to the phone and the address of before', async () => {
    const token = await api.login(user);
    const news = { password: NEW_PASSWORD, phone_number: '+4915112345678', email: 'new@example.com' };
    const answer = await api.call('PUT', `/v1/users/${user.id}`, { token, body: news });
    expect([answer.status, answer.body.data.version]).toEqual([200, 2]);
    expect((await texts('password_changed')).map(({ toNumber }) => toNumber)).toEqual([user.phoneNumber]);
    expect((await mails('password_changed')).map(({ toAddress }) => toAddress)).toEqual([user.email]);
  });
});

describe('an account whose password has to be changed', () => {
  const first = { email: 'new@example.com', password: 'temporary' };
  let token: string;
  let key: string;
  beforeEach(async () => {
    token = await api.login(await createAdmin(api.em()));
    const { status, body } = await api.call('POST', '/v1/users', {
      token,
      body: { ...first, must_change_password: true },
    });
    expect([status, body.data.must_change_password]).toEqual([201, true]);
    key = body.data.api_keys[0].key;
  });
  const renewed = { ...first, new_password: NEW_PASSWORD };

  it('opens by nothing until then', async () => {
    expect(refusal(await login(first.password, first.email))).toEqual(mustChange);
    expect(refusal(await login('wrong', first.email))).toEqual(wrongCredentials);
    expect(refusal(await api.call('POST', '/v1/users/sessions', { body: first }))).toEqual(mustChange);
    for (const at of ['/v1/whoami', '/v1/users/auth'])
      expect(refusal(await api.call('GET', at, { headers: { 'x-api-key': key } }))).toEqual(mustChange);
  });

  it('opens once its owner has set a password of their own', async () => {
    expect(refusal(await change({ ...renewed, password: 'wrong' }))).toEqual(wrongCredentials);
    expect((await change(renewed)).body.data).toEqual({ token: null, expires_in: null });
    expect((await login(NEW_PASSWORD, first.email)).status).toBe(200);
    expect(await whoami(key)).toBe(200);
    const again = await change({ ...renewed, password: NEW_PASSWORD, new_password: 'another' });
    expect(refusal(again)).toEqual([403, ['log in to change this password'], ['forbidden']]);
  });

  it('opens by a code as well', async () => {
    await forgot(first.email);
    const code = codeIn((await mails('password_code'))[0]!.body);
    expect((await reset({ code, email: first.email })).status).toBe(200);
    expect((await login(NEW_PASSWORD, first.email)).status).toBe(200);
  });

  it('can be one of many', async () => {
    const users = [
      { email: 'a@example.com', password: 'x', must_change_password: true },
      { email: 'b@example.com', must_change_password: true },
    ];
    const { body } = await api.call('POST', '/v1/clients/me/users', { token, body: { users } });
    const shown = body.data.map((each: { data: { must_change_password: boolean } }) => each.data);
    expect(shown).toMatchObject([{ must_change_password: true }, { must_change_password: false }]);
    expect(refusal(await login('x', 'a@example.com'))).toEqual(mustChange);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import twilio from 'twilio';
import type { User } from '#libs/db/entities/user.entity';
import { hasRedisServer, RedisServer } from '#libs/limits/redis.fixture';
import { createAdmin, createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi, type Answer, type RequestOptions } from '../api.fixture.ts';
import { PasswordService } from '../auth/password.service.ts';

const settings = { KRONUS_LIMITS_ENABLED: 'true', KRONUS_LIMITS_WEBHOOKS_PER_SECOND: '5' };
let api: TestApi;
let user: User;
let token: string;

const many = (times: number, method: string, path: string, options: RequestOptions = {}) =>
  Promise.all(Array.from({ length: times }, () => api.call(method, path, options)));
const count = (answers: Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;
const from = (ip: string) => ({ 'x-forwarded-for': ip });

/** Each test comes from an address of its own, behind a proxy that is trusted. */
let tests = 0;
let here: Record<string, string>;

// The second of a rule must not pass because the machine is busy: it passes when a test says so.
const REAL = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
] as const;

async function start(env: NodeJS.ProcessEnv = {}) {
  jest.useFakeTimers({ doNotFake: [...REAL] });
  api = await TestApi.start({ ...settings, KRONUS_TRUST_PROXY: '127.0.0.1', ...env });
}

async function newUser() {
  here = from(`10.0.0.${++tests}`);
  user = await createUser(api.em());
  token = await logIn(user);
}

async function logIn({ email }: Pick<User, 'email'>): Promise<string> {
  const body = { email, password: TEST_PASSWORD };
  return (await api.call('POST', '/login', { body, headers: here })).body.data.token;
}

describe('the limits', () => {
  beforeAll(() => start());
  afterAll(() => api.stop());
  beforeEach(() => newUser());

  it('let a user make ten requests a second, from wherever and with whichever token', async () => {
    const another = await logIn(user);
    const calls = await Promise.all([
      many(15, 'GET', '/v1/whoami', { token, headers: here }),
      many(15, 'GET', '/v1/whoami', { token: another, headers: from('10.1.1.1') }),
    ]);
    expect([count(calls.flat(), 200), count(calls.flat(), 429)]).toEqual([10, 20]);
    const refused = calls.flat().find((answer) => answer.status === 429)!;
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.body).toMatchObject({
      success: false,
      errors: ['too many requests: try again in 1 s'],
      error_codes: ['rate_limited'],
    });
  });

  it('let two users of one address have ten each, known before or not', async () => {
    const other = await logIn(await createUser(api.em()));
    for (const _ of [1, 2]) {
      const [mine, theirs] = await Promise.all([
        many(15, 'GET', '/v1/whoami', { token, headers: here }),
        many(15, 'GET', '/v1/whoami', { token: other, headers: here }),
      ]);
      expect([count(mine!, 200), count(theirs!, 200)]).toEqual([10, 10]);
      jest.advanceTimersByTime(1_001);
    }
  });

  it('count what nobody signed for by address', async () => {
    const answers = await many(15, 'GET', '/v1/whoami', { headers: here });
    expect([count(answers, 401), count(answers, 429)]).toEqual([10, 5]);
    expect(count(await many(1, 'GET', '/v1/whoami', { headers: from('10.9.9.9') }), 401)).toBe(1);
  });

  it('count wrong tokens by address, however many different ones', async () => {
    const answers = await Promise.all(
      Array.from({ length: 15 }, (_, each) =>
        api.call('GET', '/v1/whoami', { token: `a.b.${each}`, headers: here }),
      ),
    );
    expect([count(answers, 401), count(answers, 429)]).toEqual([10, 5]);
    const refused = answers.find((answer) => answer.status === 429)!;
    expect([refused.headers['retry-after'], refused.headers['www-authenticate']]).toEqual(['1', undefined]);
    expect(refused.body.error_codes).toEqual(['rate_limited']);
  });

  it('leave a caller who is known alone while somebody at the same address tries keys', async () => {
    expect(count(await many(1, 'GET', '/v1/whoami', { token, headers: here }), 200)).toBe(1);
    await many(30, 'GET', '/v1/whoami', { token: 'a.b.c', headers: here });
    expect(count(await many(5, 'GET', '/v1/whoami', { token, headers: here }), 200)).toBe(5);
  });

  it('count paths that do not exist', async () => {
    const answers = await many(15, 'GET', '/nowhere', { headers: here });
    expect([count(answers, 404), count(answers, 429)]).toEqual([10, 5]);
  });

  it.each(['/health', '/v1/healthcheck', '/v1/healthcheck/', '/metrics', '/jwks', '/.well-known/jwks.json'])(
    'never touch %s, not even in a flood',
    async (path) => {
      await many(30, 'GET', '/nowhere', { headers: here });
      expect(count(await many(30, 'GET', path, { headers: here }), 200)).toBe(30);
    },
  );

  it('are described on every route that has them, and on no other', async () => {
    const { paths } = JSON.parse((await api.call('GET', '/openapi.json', { headers: here })).text) as {
      paths: Record<string, Record<string, { responses: object }>>;
    };
    for (const [path, methods] of Object.entries(paths))
      for (const { responses } of Object.values(methods))
        expect([path, '429' in responses]).toEqual([
          path,
          !/^\/(health|v1\/healthcheck|metrics|jwks|\.well)/.test(path),
        ]);
  });
});

describe('a log-in', () => {
  beforeAll(() => start());
  afterAll(() => api.stop());
  beforeEach(() => newUser());

  const guess = (email: string, headers = here) =>
    api.call('POST', '/login', { body: { email, password: 'wrong' }, headers });

  it('may fail five times a minute, for an account that exists and for one that does not', async () => {
    for (const email of [user.email, 'nobody@example.com']) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => guess(email)));
      expect([count(answers, 401), count(answers, 429)]).toEqual([5, 3]);
      expect(Number(answers.at(-1)!.headers['retry-after'] ?? 60)).toBeGreaterThan(50);
    }
  });

  it('may then still go well for the owner, from another address', async () => {
    await Promise.all(Array.from({ length: 200 }, () => guess(user.email)));
    here = from('10.2.0.1');
    expect(await logIn(user)).toEqual(expect.any(String));
  });

  it('counts in whatever case the account is written', async () => {
    const answers = [];
    for (const email of [user.email, user.email.toUpperCase(), ` ${user.email}`])
      answers.push(...(await Promise.all([guess(email), guess(email)])));
    expect(count(answers, 429)).toBe(1);
  });

  it('may fail twenty times a minute at one address, whatever the accounts', async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, each) => guess(`nobody.${each}@example.com`)),
    );
    expect([count(answers, 401), count(answers, 429)]).toEqual([20, 10]);
  });

  it('may fail fifty times a minute for one account, whatever the addresses', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, each) => guess(user.email, from(`10.3.0.${each}`))),
    );
    expect([count(answers, 401), count(answers, 429)]).toEqual([50, 10]);
  });

  it('that goes well counts for nothing', async () => {
    for (let each = 0; each < 8; each++) expect(await logIn(user)).toEqual(expect.any(String));
    expect((await guess(user.email)).status).toBe(401);
  });
});

describe('a password', () => {
  beforeAll(() => start());
  afterAll(() => api.stop());
  beforeEach(() => newUser());

  const post = (name: string, body: object, headers = here, token?: string) =>
    api.call('POST', `/v1/auth/password/${name}`, { body, headers, ...(token !== undefined && { token }) });

  it('may be forgotten five times an hour, by an account that exists and by one that does not', async () => {
    for (const email of [user.email, 'nobody@example.com']) {
      const answers = [];
      for (let each = 0; each < 7; each++)
        answers.push(await post('forgot', { email }, each % 2 ? here : from('10.4.0.1')));
      expect([count(answers, 202), count(answers, 429)]).toEqual([5, 2]);
      expect(Number(answers.at(-1)!.headers['retry-after'])).toBeGreaterThan(3_500);
    }
    await api.app.get(PasswordService).settled();
  });

  it('may be forgotten twenty times an hour at one address, whatever the accounts', async () => {
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, each) => post('forgot', { email: `nobody.${each}@example.org` })),
    );
    expect([count(answers, 202), count(answers, 429)]).toEqual([20, 5]);
  });

  it('may be guessed five times a minute, by a code as by what somebody knows who is logged in', async () => {
    const codes = await Promise.all(
      Array.from({ length: 8 }, () => post('reset', { email: user.email, code: '0', password: 'x' })),
    );
    expect([count(codes, 401), count(codes, 429)]).toEqual([5, 3]);
    const passwords = await Promise.all(
      Array.from({ length: 8 }, () => post('change', { password: 'wrong', new_password: 'x' }, here, token)),
    );
    expect([count(passwords, 401), count(passwords, 429)]).toEqual([5, 3]);
    const known = await post(
      'change',
      { password: TEST_PASSWORD, new_password: 'x' },
      from('10.5.0.1'),
      token,
    );
    expect(known.status).toBe(200);
  });
});

describe('a webhook', () => {
  beforeAll(() => start());
  afterAll(() => api.stop());
  beforeEach(() => newUser());

  let texts = 0;
  const path = '/webhook/sms';
  const text = (isSigned: boolean) => {
    const sid = `SM${String(++texts).padStart(32, '0')}`;
    const form = { MessageSid: sid, From: user.phoneNumber!, To: '+15005550006', Body: 'hm' };
    const url = `http://localhost:3900${path}`;
    const signature = twilio.getExpectedTwilioSignature(isSigned ? 'test-auth-token' : 'forged', url, form);
    const headers = { ...here, 'x-twilio-signature': signature };
    return api.call('POST', path, { body: new URLSearchParams(form).toString(), headers });
  };

  it('has a room of its own, which what is not signed does not use up', async () => {
    const forged = await Promise.all(Array.from({ length: 15 }, () => text(false)));
    expect([count(forged, 401), count(forged, 429)]).toEqual([10, 5]);
    const signed = await Promise.all(Array.from({ length: 8 }, () => text(true)));
    expect([count(signed, 200), count(signed, 429)]).toEqual([5, 3]);
  });
});

describe('a proxy', () => {
  afterEach(() => api.stop());

  it('is not believed when it is not trusted', async () => {
    await start({ KRONUS_TRUST_PROXY: 'false' });
    const answers = await Promise.all(
      Array.from({ length: 15 }, (_, each) =>
        api.call('GET', '/v1/whoami', { headers: from(`10.4.0.${each}`) }),
      ),
    );
    expect([count(answers, 401), count(answers, 429)]).toEqual([10, 5]);
  });

  it('is believed for the last address only that it did not come from', async () => {
    await start();
    const answers = await Promise.all(
      Array.from({ length: 15 }, (_, each) =>
        api.call('GET', '/v1/whoami', { headers: from(`10.5.0.${each}, 10.6.0.1`) }),
      ),
    );
    expect([count(answers, 401), count(answers, 429)]).toEqual([10, 5]);
  });
});

(hasRedisServer ? describe : describe.skip)('two APIs with one Redis', () => {
  it('count together, and each for itself when it is gone', async () => {
    jest.useRealTimers();
    const redis = await RedisServer.start();
    const env = { ...settings, KRONUS_TRUST_PROXY: '127.0.0.1', REDIS_URL: redis.url };
    const [first, second] = await Promise.all([TestApi.start(env), TestApi.start(env)]);
    // Log-ins, because their minute does not pass within the test.
    const guess = (each: TestApi, times: number, ip: string) =>
      Promise.all(
        Array.from({ length: times }, (_, index) => {
          const body = { email: `nobody.${index}@example.com`, password: 'wrong' };
          return each.call('POST', '/login', { body, headers: from(ip) });
        }),
      );
    const guessAtBoth = async (ip: string) =>
      (await Promise.all([guess(first, 25, ip), guess(second, 25, ip)])).flat();
    try {
      for (let each = 0; (await guess(second, 1, `10.8.0.${each}`))[0]!.status !== 429; each++)
        await guess(first, 20, `10.8.0.${each + 1}`);
      const both = await guessAtBoth('10.7.0.1');
      expect([count(both, 401), count(both, 429)]).toEqual([20, 30]);
      await redis.kill();
      const alone = await guessAtBoth('10.7.0.2');
      expect([count(alone, 401), count(alone, 429)]).toEqual([40, 10]);
    } finally {
      await first.stop();
      await second.stop();
      await redis.stop();
    }
  });
});

it('do not hold where they are switched off, as in tests unless they are wanted', async () => {
  jest.useRealTimers();
  api = await TestApi.start();
  await createAdmin(api.em());
  expect(count(await many(30, 'GET', '/v1/whoami'), 401)).toBe(30);
  await api.stop();
});

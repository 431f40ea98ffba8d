import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createUser, TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

const APP = 'https://app.example.com';
const SAFE = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ KRONUS_CORS_ORIGINS: APP, KRONUS_PUBLIC_URL: 'https://kronus.example.com' });
});
afterAll(() => api.stop());

describe('every answer', () => {
  it.each([
    ['GET', '/health', 200],
    ['GET', '/nowhere', 404],
    ['DELETE', '/health', 405],
    ['GET', '/v1/whoami', 401],
    ['GET', '/%zz', 400],
    ['POST', '/webhook/sms', 401],
  ])('is data that no page may use: %s %s', async (method, path, status) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(SAFE);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('with a token is kept by nobody', async () => {
    const { email } = await createUser(api.em());
    const answer = await api.call('POST', '/login', { body: { email, password: TEST_PASSWORD } });
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
  });

  it('speaks of HTTPS only where the public address has it', async () => {
    const plain = await TestApi.start();
    const { headers } = await plain.call('GET', '/health', { headers: { origin: APP } });
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    await plain.stop();
  });
});

it('lets the page of the description run its own files, and nothing else', async () => {
  const page = await api.call('GET', '/docs');
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
});

describe('a page of another site', () => {
  it('that is allowed may call, and read what it needs', async () => {
    const { headers, status } = await api.call('GET', '/v1/whoami', { headers: { origin: APP } });
    expect(status).toBe(401);
    expect(headers).toMatchObject({
      vary: 'Origin',
      'access-control-allow-origin': APP,
      'access-control-expose-headers': 'Allow, Retry-After, X-Request-Id',
    });
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('that is allowed may ask first', async () => {
    const { headers, status } = await api.call('OPTIONS', '/v1/users/1', {
      headers: { origin: APP, 'access-control-request-method': 'PUT' },
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': expect.stringContaining('PUT'),
      'access-control-allow-headers': expect.stringContaining('Authorization'),
    });
  });

  it.each(['https://evil.example.com', `${APP}.evil.com`, 'http://app.example.com', 'null'])(
    'that is not allowed hears of nothing: %s',
    async (origin) => {
      for (const method of ['GET', 'OPTIONS']) {
        const { headers } = await api.call(method, '/health', { headers: { origin } });
        expect(headers).not.toHaveProperty('access-control-allow-origin');
      }
    },
  );
});

import { describe, expect, it } from '@jest/globals';
import {
  AUTHORIZATION_PARAMETERS,
  isRegisteredRedirect,
  judgeAuthorization,
  mustLogIn,
  type Parameters,
} from './authorization.ts';

const APPS = [
  { id: 'console', redirectUris: ['https://k.example/app/callback', 'https://k.example/app/'] },
  { id: 'desk', redirectUris: ['http://127.0.0.1/cb', 'http://[::1]:7/cb'] },
];
const good = {
  client_id: 'console',
  redirect_uri: 'https://k.example/app/callback',
  response_type: 'code',
  state: 'xyz',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
};
const judge = (change: Parameters = {}) => judgeAuthorization({ ...good, ...change }, APPS);

describe('a request for authorization', () => {
  it('is good with a code challenge and an address of the app', () => {
    expect(judge()).toEqual({
      kind: 'logIn',
      request: {
        appId: 'console',
        redirectUri: good.redirect_uri,
        state: 'xyz',
        scope: 'openid',
        nonce: null,
        codeChallenge: good.code_challenge,
        prompt: null,
        maxAgeSeconds: null,
      },
    });
  });

  it.each<[Parameters, object]>([
    [{ state: undefined }, { state: null }],
    [{ state: '' }, { state: null }],
    [{ scope: 'openid email offline_access phone' }, { scope: 'openid email' }],
    [{ scope: 'profile' }, { scope: 'profile' }],
    [{ scope: 'nothing' }, { scope: '' }],
    [{ nonce: 'n-1' }, { nonce: 'n-1' }],
    [{ response_mode: 'query' }, {}],
    [{ prompt: 'login' }, { prompt: 'login' }],
    [{ prompt: 'consent select_account' }, { prompt: 'login' }],
    [{ prompt: 'consent' }, { prompt: null }],
    [{ prompt: 'none' }, { prompt: 'none' }],
    [{ max_age: '0' }, { maxAgeSeconds: 0 }],
    [{ max_age: '60' }, { maxAgeSeconds: 60 }],
    [{ something: 'else', other: ['a', 'b'] }, {}],
  ])('with %j is good', (change, expected) =>
    expect(judge(change)).toMatchObject({ kind: 'logIn', request: expected }),
  );

  it.each<[Parameters, string]>([
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge: 'x'.repeat(42) }, 'invalid_request'],
    [{ code_challenge: `${'x'.repeat(42)}=` }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: 's256' }, 'invalid_request'],
    [{ nonce: 'a\0' }, 'invalid_request'],
    [{ nonce: 'a'.repeat(257) }, 'invalid_request'],
    [{ scope: 'openid\n' }, 'invalid_scope'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ request: 'eyJ' }, 'request_not_supported'],
    [{ request_uri: 'https://x' }, 'request_uri_not_supported'],
  ])('with %j is sent back', (change, error) =>
    expect(judge(change)).toMatchObject({
      kind: 'sendBack',
      redirectUri: good.redirect_uri,
      state: 'xyz',
      error,
    }),
  );

  it.each(AUTHORIZATION_PARAMETERS.filter((name) => !['client_id', 'redirect_uri'].includes(name)))(
    'that gives %s twice is sent back',
    (name) => expect(judge({ [name]: ['a', 'b'] })).toMatchObject({ kind: 'sendBack' }),
  );

  it.each<Parameters>([
    { client_id: undefined },
    { client_id: 'nobody' },
    { client_id: ['console', 'console'] },
    { redirect_uri: undefined },
    { redirect_uri: [good.redirect_uri, good.redirect_uri] },
    { redirect_uri: 'https://evil.example/' },
    { redirect_uri: `${good.redirect_uri}/` },
    { redirect_uri: `${good.redirect_uri}?x=1` },
    { redirect_uri: 'https://k.example/app/callback#x' },
    { redirect_uri: 'https://k.example:443/app/callback' },
    { redirect_uri: 'https://K.example/app/callback' },
    { redirect_uri: 'javascript:alert(1)' },
    { client_id: 'desk' },
  ])('with %j sends nobody anywhere, whatever else is wrong', (change) => {
    expect(judge(change).kind).toBe('refuse');
    expect(judge({ ...change, response_type: 'x' }).kind).toBe('refuse');
  });
});

describe('an address to be sent back to', () => {
  const registered = APPS[1]!.redirectUris;
  it.each([
    ['http://127.0.0.1/cb', true],
    ['http://127.0.0.1:1/cb', true],
    ['http://127.0.0.1:65535/cb', true],
    ['http://[::1]:51004/cb', true],
    ['http://[::1]/cb', false],
    ['http://127.0.0.1:0/cb', false],
    ['http://127.0.0.1:65536/cb', false],
    ['http://127.0.0.1:123456/cb', false],
    ['http://127.0.0.1:80@evil.example/cb', false],
    ['http://127.0.0.1:/cb', false],
    ['http://127.0.0.1:80/other', false],
    ['https://127.0.0.1:80/cb', false],
    ['http://localhost:80/cb', false],
    ['http://127.0.0.1.evil.example:80/cb', false],
  ])('%s is a registered one: %j', (uri, is) => expect(isRegisteredRedirect(uri, registered)).toBe(is));

  it('has a fixed port when it is not of the machine itself', () => {
    expect(isRegisteredRedirect('http://localhost:2/cb', ['http://localhost:1/cb'])).toBe(false);
  });
});

describe('who is logged in', () => {
  const now = new Date('2026-11-26T12:00:00Z');
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);
  it.each([
    [{ prompt: null, maxAgeSeconds: null }, null, true],
    [{ prompt: 'none', maxAgeSeconds: null }, null, true],
    [{ prompt: null, maxAgeSeconds: null }, ago(99_999), false],
    [{ prompt: 'none', maxAgeSeconds: null }, ago(1), false],
    [{ prompt: 'login', maxAgeSeconds: null }, ago(1), true],
    [{ prompt: null, maxAgeSeconds: 60 }, ago(60), false],
    [{ prompt: null, maxAgeSeconds: 60 }, ago(61), true],
    [{ prompt: null, maxAgeSeconds: 0 }, ago(0), false],
  ] as const)('for %j since %s has to log in again: %j', (request, since, must) =>
    expect(mustLogIn(request, since, now)).toBe(must),
  );
});

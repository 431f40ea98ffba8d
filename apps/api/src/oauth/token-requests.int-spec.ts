import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApi, type Answer } from '../api.fixture.ts';
import { APP, post } from '../login/browser.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const errorOf = ({ status, text }: Answer) => [status, (JSON.parse(text) as { error: string }).error];

describe('an app', () => {
  it('finds out by itself how', async () => {
    const [one, other] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map((name) =>
        api.call('GET', `/.well-known/${name}`),
      ),
    );
    expect(one!.text).toBe(other!.text);
    expect(JSON.parse(one!.text)).toMatchObject({
      issuer: 'http://localhost:3900',
      authorization_endpoint: 'http://localhost:3900/oauth2/authorize',
      token_endpoint: 'http://localhost:3900/oauth2/token',
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
    });
  });

  it.each([
    [{}, 'invalid_request', 'client_id is required'],
    [{ client_id: 'nobody', grant_type: 'refresh_token' }, 'invalid_client', 'client_id'],
    [{ client_id: APP.id, grant_type: 'password' }, 'unsupported_grant_type', 'grant_type must be'],
    [{ client_id: APP.id, grant_type: 'authorization_code' }, 'invalid_request', 'code_verifier'],
    [{ client_id: APP.id, grant_type: 'refresh_token' }, 'invalid_request', 'refresh_token is required'],
    [{ client_id: APP.id, grant_type: 'refresh_token', refresh_token: '\0' }, 'invalid_grant', 'not'],
  ])('that sends %j hears %s', async (form, error, words) => {
    const answer = await post(api, '/oauth2/token', form as Record<string, string>);
    expect(errorOf(answer)).toEqual([400, error]);
    expect((JSON.parse(answer.text) as { error_description: string }).error_description).toContain(words);
  });

  it.each([
    undefined,
    '',
    '{"grant_type":"refresh_token"}',
    'client_id=a&client_id=b',
    '%zz=%ff&__proto__=1',
  ])('that sends no form of ours hears so: %j', async (body) => {
    for (const path of ['/oauth2/token', '/oauth2/revoke']) {
      expect(errorOf(await api.call('POST', path, { body }))).toEqual([400, 'invalid_request']);
    }
  });
});

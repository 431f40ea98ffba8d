import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { lookAtAccount } from './twilio.account.ts';

const ACCOUNT = { accountSid: `AC${'7'.repeat(32)}`, authToken: 'a-secret-token' };

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Another Twilio, which answers so and notes what it was asked. */
async function twilioThatAnswers(status: number, body: string) {
  const asked: { url?: string; authorization?: string }[] = [];
  server = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { asked, apiBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

it('asks for the account, with its credentials', async () => {
  const { asked, apiBaseUrl } = await twilioThatAnswers(200, '{"status":"active"}');
  await lookAtAccount({ ...ACCOUNT, apiBaseUrl });
  expect(asked).toEqual([
    {
      url: `/2010-04-01/Accounts/${ACCOUNT.accountSid}.json`,
      authorization: `Basic ${btoa(`${ACCOUNT.accountSid}:${ACCOUNT.authToken}`)}`,
    },
  ]);
});

it.each([
  [401, '{"code":20003,"message":"Authenticate"}', 'refuses the credentials'],
  [403, '', 'refuses the credentials'],
  [404, '{"code":20404}', 'does not know the account'],
  [200, '{"status":"suspended"}', 'the account is suspended'],
  [200, '{"status":"closed"}', 'the account is closed'],
  [200, '<html>', 'answers something else than an account'],
  [503, 'a-secret-token', 'answers with status 503'],
])('tells what %s %s means, and no secret', async (status, body, reason) => {
  const { apiBaseUrl } = await twilioThatAnswers(status, body);
  await expect(lookAtAccount({ ...ACCOUNT, apiBaseUrl })).rejects.toMatchObject({ message: reason });
});

it('tells when nobody answers, and no address', async () => {
  await expect(lookAtAccount({ ...ACCOUNT, apiBaseUrl: 'http://127.0.0.1:9' })).rejects.toMatchObject({
    message: 'does not answer',
  });
});

import twilio from 'twilio';
import { loadConfig } from '#libs/config/config';
import type { Answer, TestApi } from '../api.fixture.ts';

const { publicUrl, twilio: account } = loadConfig({ mode: 'test', cwd: process.cwd(), env: {} });

/** The account that the API of a test texts from. */
export const ACCOUNT_SID = account.accountSid;

/** Posts a form as Twilio does, signed for the public address. */
export function postSigned(api: TestApi, path: string, fields: Record<string, string>): Promise<Answer> {
  const signature = twilio.getExpectedTwilioSignature(account.authToken, publicUrl + path, fields);
  return api.call('POST', path, {
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
  });
}

let sequence = 0;

/** Announces a text that came in, with an id of its own unless one is given. */
export const postText = (
  api: TestApi,
  from: string,
  body: string,
  more: Record<string, string> = {},
): Promise<Answer> =>
  postSigned(api, '/webhook/sms', { MessageSid: `SM-in-${++sequence}`, From: from, Body: body, ...more });

/** Reports on the message with this public id. */
export const postReport = (
  api: TestApi,
  uuid: string,
  status: string,
  more: Record<string, string> = {},
): Promise<Answer> =>
  postSigned(api, `/webhook/sms/status/${uuid}`, {
    MessageSid: 'SM-out',
    MessageStatus: status,
    AccountSid: ACCOUNT_SID,
    ...more,
  });

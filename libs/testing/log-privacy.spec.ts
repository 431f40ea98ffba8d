import { expect, it } from '@jest/globals';
import { findPrivateInLog } from './log-privacy.ts';

it.each([
  ['{"to":"+15551234567"}', 'a phone number'],
  ['GET /x?To=%2B15551234567', 'a phone number'],
  ['"path":"/v1/users/tony@example.com"', 'an e-mail address'],
  ['tony%40example.com', 'an e-mail address'],
  ['Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrcm9udXMifQ.x', 'a token'],
  ['password=very-secure', 'a password'],
  ['key krn_abc', 'a secret'],
])('sees in %s that it holds %s', (line, kind) =>
  expect(findPrivateInLog(`before\n${line}\nafter`, ['krn_abc'])).toEqual([`the log holds ${kind}: ${line}`]),
);

it('sees nothing in what names nobody', () => {
  const line = '{"time":"2026-11-21T12:00:00.000Z","request_id":"0b0c5b1e-5d0f","path":"/v1/users/12345678"}';
  expect(findPrivateInLog(`${line}\n@mikro-orm/core 7.2.1 postgres://127.0.0.1:54321`)).toEqual([]);
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accountSid,
  authToken,
  ourNumber,
  startFixture,
  untilStatus,
  type Fixture,
} from './simulator.fixture.ts';
import { startSimulator, type SimulatorOptions } from './simulator.ts';

const ann = '+15551230001';
const bob = '+15551230002';
const from = ourNumber;

const started: Fixture[] = [];
const start = async (options: Partial<SimulatorOptions> = {}) => {
  const fixture = await startFixture(options);
  started.push(fixture);
  return fixture;
};
let folder: string;
let journal: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  journal = join(folder, 'journal.jsonl');
});
afterEach(async () => {
  for (const fixture of started.splice(0)) await fixture.stop();
  rmSync(folder, { recursive: true });
});

test('the journal brings back messages, texts, statuses, opt-outs and cursors; a torn last line is dropped', async () => {
  const first = await start({ journal });
  const kept = await first.client.messages.create({ to: ann, from, body: 'kept' });
  const redacted = await first.client.messages.create({ to: bob, from, body: 'secret' });
  const deleted = await first.client.messages.create({ to: bob, from, body: 'gone' });
  await untilStatus(first.client, deleted.sid, 'delivered');
  await first.client.messages(deleted.sid).remove();
  await first.client.messages(redacted.sid).update({ body: '' });
  await first.control('POST', `phones/${ann}/messages`, { body: 'STOP' });
  await untilStatus(first.client, kept.sid, 'delivered');
  const before = await first.client.messages.list();
  const { json } = await first.control('GET', 'messages');
  await first.stop();
  expect(statSync(journal).mode & 0o777).toBe(0o600);
  appendFileSync(journal, '{"type":"mess');

  const second = await start({ journal });
  expect((await second.client.messages.list()).map((each) => each.toJSON())).toEqual(
    before.map((each) => each.toJSON()),
  );
  await expect(second.client.messages.create({ to: ann, from, body: 'x' })).rejects.toMatchObject({
    code: 21610,
  });
  const { sid } = await second.client.messages.create({ to: bob, from, body: 'new' });
  const news = (await second.control('GET', `messages?since=${json.cursor}`)).json;
  expect(news.messages.map((message: { sid: string }) => message.sid)).toEqual([sid]);
  await second.control('DELETE', 'messages');
  await second.stop();

  const third = await start({ journal });
  expect(await third.client.messages.list()).toEqual([]);
  await expect(third.client.messages.create({ to: ann, from, body: 'x' })).resolves.toBeDefined();
});

test('a message that was under way at the end is delivered after a restart', async () => {
  const first = await start({ journal, transitMs: 60_000 });
  const second = await start();
  const { sid } = await first.client.messages.create({
    to: ann,
    from,
    body: 'x',
    statusCallback: `${second.receiver.url}/callback`,
  });
  await first.stop();
  const third = await start({ journal });
  const told = await second.receiver.waitFor('/callback', 2);
  expect(told.map(({ params }) => params['MessageStatus'])).toEqual(['sent', 'delivered']);
  expect((await third.client.messages(sid).fetch()).status).toBe('delivered');
});

test('a journal that is not one is refused with its line', async () => {
  writeFileSync(journal, '{"type":"cleared"}\nnonsense\n');
  const options = { port: 0, host: '127.0.0.1', accountSid, authToken, number: ourNumber, journal };
  await expect(startSimulator(options)).rejects.toThrow(`Line 2 of the journal ${journal} is not JSON.`);
});

test('messages are read after a cursor, by number, and the reader may wait for one', async () => {
  const { client, control } = await start();
  await client.messages.create({ to: ann, from, body: 'one', statusCallback: 'http://127.0.0.1:9/x' });
  const { json: first } = await control('GET', 'messages');
  expect(first).toMatchObject({
    cursor: 1,
    messages: [
      {
        cursor: 1,
        direction: 'outbound',
        to: ann,
        from,
        body: 'one',
        statusCallback: 'http://127.0.0.1:9/x',
      },
    ],
  });
  const waiting = control('GET', `messages?since=1&to=${encodeURIComponent(bob)}&waitMs=30000`);
  await client.messages.create({ to: ann, from, body: 'two' });
  await client.messages.create({ to: bob, from, body: 'three' });
  expect((await waiting).json).toMatchObject({ cursor: 3, messages: [{ body: 'three' }] });
  expect((await control('GET', 'messages?since=3&waitMs=20')).json).toEqual({ cursor: 3, messages: [] });
});

test('the page’s stream starts with the state and tells each change', async () => {
  const { client, control, url } = await start();
  await client.messages.create({ to: ann, from, body: '<b>one</b>' });
  const stream = (await fetch(`${url}/control/events`))
    .body!.pipeThrough(new TextDecoderStream())
    .getReader();
  let seen = '';
  const until = async (part: RegExp) => {
    while (!part.test(seen)) seen += (await stream.read()).value;
  };
  await until(/event: state\ndata: .*<b>one<\/b>/);
  await until(/event: message\ndata: .*"status":"delivered"/);
  await control('POST', `phones/${ann}/messages`, { body: 'stop' });
  await until(/event: optOut\ndata: \["\+15551230001"\]/);
  await stream.cancel();
});

test('the page is served whole', async () => {
  const { url } = await start();
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await response.text()).toMatch(/<title>Kronus phones<\/title>[\s\S]*<\/html>\s*$/);
});

test.each([
  ['POST', 'phones/555/messages', { body: 'x' }, /^number: must be a phone number/],
  ['POST', `phones/${ann}/messages`, {}, /^body: /],
  ['POST', `phones/${ann}/messages`, { body: 'x', sid: 'SM1' }, /^sid: must be SM/],
  ['POST', `phones/${ann}/messages`, { body: 'x', color: 1 }, /Unrecognized key: "color"/],
  ['GET', 'messages?waitMs=30001', undefined, /^waitMs: /],
  ['POST', 'faults', { kind: 'boom' }, /^kind: /],
  ['POST', 'faults', { kind: 'error' }, /^status: or code must be given/],
])('%s %s with %j is refused with one sentence', async (method, path, body, sentence) => {
  const { control } = await start();
  expect(await control(method, path, body)).toEqual({
    status: 400,
    json: { error: expect.stringMatching(sentence) },
  });
});

test('a foreign Host gets nothing from the control API', async () => {
  const { url } = await start();
  const status = await new Promise((resolve) =>
    httpRequest(`${url}/control/messages`, { headers: { Host: 'evil.example' } }, (response) =>
      resolve(response.resume().statusCode),
    ).end(),
  );
  expect(status).toBe(403);
});

test('unknown paths are 404 in Twilio’s form', async () => {
  const { url } = await start();
  const response = await fetch(`${url}/2010-04-01/Accounts`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 20404, status: 404 });
});

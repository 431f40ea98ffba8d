import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  accountSid,
  authToken,
  clientOf,
  ourNumber,
  startFixture,
  untilStatus,
  type Fixture,
} from '../simulator.fixture.ts';

const ann = '+15551230001';
const bob = '+15551230002';
const from = ourNumber;
const serviceSid = `MG${'b'.repeat(32)}`;

let fixture: Fixture;
beforeAll(async () => (fixture = await startFixture()));
afterAll(() => fixture.stop());
beforeEach(() => fixture.control('DELETE', 'messages'));

const create = (form: Record<string, string>) =>
  fetch(`${fixture.url}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
    body: new URLSearchParams(form),
  });

describe('create', () => {
  test('answers 201 with the whole message as Twilio shapes it', async () => {
    const response = await create({ To: ann, From: from, Body: 'Grüße €' });
    const message = (await response.json()) as Record<string, string>;
    const path = `/2010-04-01/Accounts/${accountSid}/Messages/${message['sid']}`;
    const rfc2822 = expect.stringMatching(/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000$/);
    expect(response.status).toBe(201);
    expect(message).toEqual({
      account_sid: accountSid,
      api_version: '2010-04-01',
      body: 'Grüße €',
      date_created: rfc2822,
      date_sent: null,
      date_updated: rfc2822,
      direction: 'outbound-api',
      error_code: null,
      error_message: null,
      from,
      messaging_service_sid: null,
      num_media: '0',
      num_segments: '1',
      price: null,
      price_unit: 'USD',
      sid: expect.stringMatching(/^SM[0-9a-f]{32}$/),
      status: 'queued',
      subresource_uris: { media: `${path}/Media.json` },
      to: ann,
      uri: `${path}.json`,
    });
  });

  test('of a messaging service is accepted first and gets its sender later', async () => {
    const { client } = fixture;
    const accepted = await client.messages.create({ to: ann, messagingServiceSid: serviceSid, body: 'x' });
    expect(accepted).toMatchObject({ status: 'accepted', from: null, messagingServiceSid: serviceSid });
    expect(await untilStatus(client, accepted.sid, 'delivered')).toMatchObject({ from, errorCode: null });
  });

  test.each([
    ['no To', { From: from, Body: 'x' }, 400, 21604],
    ['a To that is no number', { To: '555', From: from, Body: 'x' }, 400, 21211],
    ['no From', { To: ann, Body: 'x' }, 400, 21603],
    ['a From that is not ours', { To: ann, From: bob, Body: 'x' }, 400, 21606],
    ['an unknown messaging service', { To: ann, MessagingServiceSid: 'MG1', Body: 'x' }, 404, 21701],
    ['To and From the same', { To: from, From: from, Body: 'x' }, 400, 21266],
    ['no Body', { To: ann, From: from }, 400, 21602],
    ['a Body of 1601', { To: ann, From: from, Body: 'x'.repeat(1601) }, 400, 21617],
    ['a StatusCallback that is no URL', { To: ann, From: from, Body: 'x', StatusCallback: '/x' }, 400, 21609],
  ])('refuses %s', async (_name, form, status, code) => {
    const response = await create(form as unknown as Record<string, string>);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      code,
      message: expect.any(String),
      more_info: `https://www.twilio.com/docs/errors/${code}`,
      status,
    });
    expect(await fixture.client.messages.list()).toEqual([]);
  });

  test('takes a Body of 1600', async () => {
    expect((await create({ To: ann, From: from, Body: 'x'.repeat(1600) })).status).toBe(201);
  });

  test('refuses a wrong token, and another account', async () => {
    const stranger = clientOf(fixture.url, 'another token');
    await expect(stranger.messages.create({ to: ann, from, body: 'x' })).rejects.toMatchObject({
      status: 401,
      code: 20003,
    });
    const other = fixture.client.api.v2010.accounts(`AC${'c'.repeat(32)}`);
    await expect(other.messages.create({ to: ann, from, body: 'x' })).rejects.toMatchObject({
      status: 404,
      code: 20404,
    });
  });
});

test('the account is active, for whoever knows its token', async () => {
  const { accountSid } = fixture.client;
  const { status } = await fixture.client.api.v2010.accounts(accountSid).fetch();
  expect(status).toBe('active');
  const stranger = await fetch(`${fixture.url}/2010-04-01/Accounts/${accountSid}.json`);
  expect(stranger.status).toBe(401);
});

describe('one message', () => {
  test('is fetched; an unknown one is 404 in Twilio’s form', async () => {
    const { client } = fixture;
    const { sid } = await client.messages.create({ to: ann, from, body: 'x' });
    expect(await client.messages(sid).fetch()).toMatchObject({
      sid,
      to: ann,
      body: 'x',
      direction: 'outbound-api',
    });
    const unknown = `SM${'0'.repeat(32)}`;
    await expect(client.messages(unknown).fetch()).rejects.toMatchObject({
      status: 404,
      code: 20404,
      message: `The requested resource /2010-04-01/Accounts/${accountSid}/Messages/${unknown}.json was not found`,
    });
  });

  test('is cancelled and goes nowhere; is deleted only when complete', async () => {
    const slow = await startFixture({ transitMs: 1_000 });
    const { client, receiver } = slow;
    const { sid } = await client.messages.create({
      to: ann,
      from,
      body: 'x',
      statusCallback: `${receiver.url}/cancelled`,
    });
    await expect(client.messages(sid).remove()).rejects.toMatchObject({ status: 409, code: 20009 });
    expect((await client.messages(sid).update({ status: 'canceled' })).status).toBe('canceled');
    await expect(client.messages(sid).update({ status: 'canceled' })).rejects.toMatchObject({ code: 30409 });
    const later = await client.messages.create({ to: ann, from, body: 'y' });
    await untilStatus(client, later.sid, 'delivered');
    expect((await client.messages(sid).fetch()).status).toBe('canceled');
    expect(receiver.received).toEqual([]);
    expect(await client.messages(sid).remove()).toBe(true);
    await expect(client.messages(sid).fetch()).rejects.toMatchObject({ status: 404 });
    expect(await client.messages.list()).toMatchObject([{ sid: later.sid }]);
    await slow.stop();
  });

  test('is redacted to nothing and to nothing else', async () => {
    const { client } = fixture;
    const { sid } = await client.messages.create({ to: ann, from, body: 'secret' });
    await expect(client.messages(sid).update({ body: 'other' })).rejects.toMatchObject({ code: 20001 });
    expect((await client.messages(sid).update({ body: '' })).body).toBe('');
    expect((await client.messages(sid).fetch()).body).toBe('');
  });
});

describe('list', () => {
  const bodies = (messages: { body: string }[]) => messages.map(({ body }) => body);

  test('filters by both ends, newest first, with inbound messages in it', async () => {
    const { client } = fixture;
    await client.messages.create({ to: ann, from, body: 'one' });
    await client.messages.create({ to: bob, from, body: 'two' });
    await fixture.control('POST', `phones/${ann}/messages`, { body: 'three' });
    await client.messages.create({ to: ann, from, body: 'four' });
    expect(bodies(await client.messages.list())).toEqual(['four', 'three', 'two', 'one']);
    expect(bodies(await client.messages.list({ to: ann }))).toEqual(['four', 'one']);
    const inbound = await client.messages.list({ from: ann, to: from });
    expect(inbound).toMatchObject([{ body: 'three', direction: 'inbound', status: 'received' }]);
    expect(await client.messages.list({ from: ann, to: bob })).toEqual([]);
  });

  test('filters by whole UTC days, both ends included', async () => {
    const { client } = fixture;
    const { sid } = await client.messages.create({ to: ann, from, body: 'today' });
    await untilStatus(client, sid, 'delivered');
    const now = Date.now();
    const day = 24 * 60 * 60 * 1000;
    const [yesterday, today, tomorrow] = [new Date(now - day), new Date(now), new Date(now + day)];
    const count = async (filter: Parameters<typeof client.messages.list>[0]) =>
      (await client.messages.list(filter)).length;
    expect(await count({ dateSent: today })).toBe(1);
    expect(await count({ dateSent: yesterday })).toBe(0);
    expect(await count({ dateSentAfter: today })).toBe(1);
    expect(await count({ dateSentAfter: tomorrow })).toBe(0);
    expect(await count({ dateSentBefore: today })).toBe(1);
    expect(await count({ dateSentBefore: yesterday })).toBe(0);
    expect(await count({ dateSentAfter: yesterday, dateSentBefore: tomorrow })).toBe(1);
  });

  test('has no message in a list by date before it was sent', async () => {
    const slow = await startFixture({ transitMs: 60_000 });
    await slow.client.messages.create({ to: ann, from, body: 'waits' });
    expect(await slow.client.messages.list({ to: ann, dateSent: new Date() })).toEqual([]);
    expect(bodies(await slow.client.messages.list({ to: ann }))).toEqual(['waits']);
    await slow.stop();
  });

  test('is paged by the client itself, and new arrivals neither repeat nor hide a message', async () => {
    const { client } = fixture;
    const texts = Array.from({ length: 7 }, (_, index) => `text ${index}`);
    for (const body of texts) await client.messages.create({ to: ann, from, body });
    await client.messages.create({ to: bob, from, body: 'not ann' });
    expect(bodies(await client.messages.list({ to: ann, pageSize: 3 }))).toEqual(texts.toReversed());
    expect(bodies(await client.messages.list({ to: ann, pageSize: 3, limit: 4 }))).toEqual(
      texts.toReversed().slice(0, 4),
    );

    const first = await client.messages.page({ to: ann, pageSize: 3 });
    await client.messages.create({ to: ann, from, body: 'late' });
    const second = await first.nextPage();
    expect(bodies(second!.instances)).toEqual(['text 3', 'text 2', 'text 1']);
    const third = await second!.nextPage();
    expect(bodies(third!.instances)).toEqual(['text 0']);
    expect(third!.nextPage()).toBeUndefined();
    expect(bodies((await client.messages.page({ to: ann, pageSize: 3, pageNumber: 1 })).instances)).toEqual([
      'text 4',
      'text 3',
      'text 2',
    ]);
  });

  test('has no next page when the last one is just full', async () => {
    const { client } = fixture;
    for (const body of ['one', 'two']) await client.messages.create({ to: ann, from, body });
    expect((await client.messages.page({ pageSize: 2 })).nextPage()).toBeUndefined();
  });
});

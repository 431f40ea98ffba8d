import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { ourNumber, startFixture, untilStatus, type Fixture } from '../simulator.fixture.ts';

const ann = '+15551230001';
const bob = '+15551230002';
const path = '/callback?attempt=7';

let fixture: Fixture;
beforeAll(async () => (fixture = await startFixture()));
afterAll(() => fixture.stop());
beforeEach(async () => {
  await fixture.control('DELETE', 'messages');
  fixture.receiver.received.length = 0;
});
afterEach(async () => {
  await fixture.control('DELETE', 'faults');
  fixture.receiver.beforeAnswer = async () => undefined;
});

const send = (to = ann) =>
  fixture.client.messages.create({
    to,
    from: ourNumber,
    body: 'x',
    statusCallback: `${fixture.receiver.url}${path}`,
  });
const order = async (fault: Record<string, unknown>): Promise<string> => {
  const { status, json } = await fixture.control('POST', 'faults', fault);
  expect(status).toBe(200);
  return json.id;
};
const statusesTold = async (count: number) =>
  (await fixture.receiver.waitFor(path, count)).map(({ params }) => params['MessageStatus']);
const listed = () => fixture.client.messages.list();

test('without a fault a message is told sent, then delivered, each signed', async () => {
  const { sid, status } = await send();
  expect(status).toBe('queued');
  const told = await fixture.receiver.waitFor(path, 2);
  expect(told.every(({ isSigned }) => isSigned)).toBe(true);
  expect(told[1]!.params).toEqual({
    MessageSid: sid,
    SmsSid: sid,
    MessageStatus: 'delivered',
    SmsStatus: 'delivered',
    To: ann,
    From: ourNumber,
    AccountSid: expect.any(String),
    ApiVersion: '2010-04-01',
  });
  expect(told[0]!.params['MessageStatus']).toBe('sent');
  expect(await untilStatus(fixture.client, sid, 'delivered')).toMatchObject({ dateSent: expect.any(Date) });
});

describe('answers', () => {
  test.each([
    [
      { status: 429, retryAfter: 3 },
      { status: 429, code: 20429 },
    ],
    [{ code: 20429 }, { status: 429, code: 20429 }],
    [{ status: 500 }, { status: 500, code: 20500 }],
    [{ status: 502 }, { status: 502, code: 20500 }],
    [{ code: 21211 }, { status: 400, code: 21211 }],
    [{ code: 30003 }, { status: 400, code: 30003 }],
    [
      { status: 403, code: 20003 },
      { status: 403, code: 20003 },
    ],
  ])('error %j refuses the message', async (shape, expected) => {
    await order({ kind: 'error', to: ann, count: 1, ...shape });
    await expect(send()).rejects.toMatchObject(expected);
    expect(await listed()).toEqual([]);
    await expect(send()).resolves.toMatchObject({ status: 'queued' });
  });

  test('error carries Retry-After when ordered', async () => {
    await order({ kind: 'error', status: 429, retryAfter: 3 });
    await send().catch(() => undefined);
    const { lastResponse } = fixture.client.httpClient as unknown as {
      lastResponse: { headers: Record<string, string> };
    };
    expect(lastResponse.headers['retry-after']).toBe('3');
  });

  test('hang answers nothing until the fault is deleted, and refuses the message', async () => {
    const id = await order({ kind: 'hang' });
    const sending = send();
    const outcome = sending.then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );
    while ((await fixture.control('GET', `faults/${id}`)).json.hits === 0);
    expect(await Promise.race([outcome, wait(50, 'hanging')])).toBe('hanging');
    await fixture.control('DELETE', `faults/${id}`);
    expect(await outcome).toBe('ECONNRESET');
    expect(await listed()).toEqual([]);
  });

  test('drop cuts the connection, but the message was accepted and is told of', async () => {
    await order({ kind: 'drop', count: 1 });
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await listed()).toMatchObject([{ to: ann, body: 'x' }]);
    expect(await statusesTold(2)).toEqual(['sent', 'delivered']);
  });

  test('strikes reading only when ordered on reading', async () => {
    const { sid } = await send();
    const id = await order({ kind: 'error', status: 503, on: 'read' });
    await expect(send()).resolves.toBeDefined();
    await expect(listed()).rejects.toMatchObject({ status: 503 });
    await expect(fixture.client.messages(sid).fetch()).rejects.toMatchObject({ status: 503 });
    await fixture.control('DELETE', `faults/${id}`);
    await expect(listed()).resolves.toHaveLength(2);
  });
});

describe('who and how long', () => {
  test('a number', async () => {
    await order({ kind: 'error', status: 500, to: ann });
    await expect(send(ann)).rejects.toMatchObject({ status: 500 });
    await expect(send(bob)).resolves.toBeDefined();
  });

  test('a count, after which the next fault strikes', async () => {
    await order({ kind: 'error', status: 500, count: 2 });
    await order({ kind: 'error', status: 429, count: 1 });
    for (const status of [500, 500, 429]) await expect(send()).rejects.toMatchObject({ status });
    await expect(send()).resolves.toBeDefined();
    expect((await fixture.control('GET', 'faults')).json.faults).toEqual([]);
  });

  test('a while', async () => {
    await order({ kind: 'error', status: 500, seconds: 0.3 });
    await expect(send()).rejects.toMatchObject({ status: 500 });
    await wait(310);
    await expect(send()).resolves.toBeDefined();
  });

  test('an answer and callbacks together', async () => {
    await order({ kind: 'error', status: 500, count: 1 });
    await order({ kind: 'drop', count: 1 });
    await order({ kind: 'callback-reorder', count: 1 });
    await expect(send()).rejects.toMatchObject({ status: 500 });
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await statusesTold(2)).toEqual(['delivered', 'sent']);
  });
});

describe('outcomes', () => {
  test('undelivered comes after sent, with 30003 by default', async () => {
    await order({ kind: 'undelivered' });
    const { sid } = await send();
    const told = await fixture.receiver.waitFor(path, 2);
    expect(told.map(({ params }) => [params['MessageStatus'], params['ErrorCode']])).toEqual([
      ['sent', undefined],
      ['undelivered', '30003'],
    ]);
    expect(await fixture.client.messages(sid).fetch()).toMatchObject({
      status: 'undelivered',
      errorCode: 30003,
      errorMessage: 'Unreachable destination handset',
    });
  });

  test('failed was never sent, with the code ordered', async () => {
    await order({ kind: 'failed', code: 30007 });
    const { sid } = await send();
    const [told] = await fixture.receiver.waitFor(path, 1);
    expect(told!.params).toMatchObject({ MessageStatus: 'failed', ErrorCode: '30007' });
    expect(await untilStatus(fixture.client, sid, 'failed')).toMatchObject({ errorCode: 30007 });
  });
});

describe('callbacks', () => {
  test('first: both are answered before the create is', async () => {
    await order({ kind: 'callback-first' });
    let isCreated = false;
    const states: boolean[] = [];
    fixture.receiver.beforeAnswer = async () => states.push(isCreated);
    const creating = send().then((message) => {
      isCreated = true;
      return message;
    });
    expect((await creating).status).toBe('queued');
    expect(states).toEqual([false, false]);
    expect(await statusesTold(2)).toEqual(['sent', 'delivered']);
  });

  test('duplicate: each comes twice', async () => {
    await order({ kind: 'callback-duplicate' });
    await send();
    expect(await statusesTold(4)).toEqual(['sent', 'sent', 'delivered', 'delivered']);
  });

  test('late: the message is delivered long before anyone is told', async () => {
    await order({ kind: 'callback-late', delayMs: 1_000 });
    const { sid } = await send();
    await untilStatus(fixture.client, sid, 'delivered');
    expect(fixture.receiver.received).toEqual([]);
    expect(await statusesTold(2)).toEqual(['sent', 'delivered']);
  });

  test('reorder: delivered comes before sent, and the record stays delivered', async () => {
    await order({ kind: 'callback-reorder' });
    const { sid } = await send();
    expect(await statusesTold(2)).toEqual(['delivered', 'sent']);
    expect((await fixture.client.messages(sid).fetch()).status).toBe('delivered');
  });

  test('none: the message is delivered and nobody is told', async () => {
    await order({ kind: 'callback-none' });
    const { sid } = await send();
    await untilStatus(fixture.client, sid, 'delivered');
    expect(fixture.receiver.received).toEqual([]);
  });

  test('by hand, in any order; the log tells each with its answer', async () => {
    await order({ kind: 'callback-none' });
    const { sid } = await send();
    await untilStatus(fixture.client, sid, 'delivered');
    const { json: before } = await fixture.control('GET', 'callbacks');
    fixture.receiver.answer = { ...fixture.receiver.answer, status: 503 };
    const { json } = await fixture.control('POST', `callbacks/${sid}`, {
      status: 'undelivered',
      errorCode: 30005,
    });
    fixture.receiver.answer = { ...fixture.receiver.answer, status: 200 };
    expect(json).toMatchObject({ sid, status: 'undelivered', httpStatus: 503, at: expect.any(String) });
    await fixture.control('POST', `callbacks/${sid}`, { status: 'sent' });
    expect(await statusesTold(2)).toEqual(['undelivered', 'sent']);
    expect(await fixture.client.messages(sid).fetch()).toMatchObject({
      status: 'undelivered',
      errorCode: 30005,
    });
    expect((await fixture.control('GET', `callbacks?since=${before.cursor}`)).json.callbacks).toMatchObject([
      { status: 'undelivered', httpStatus: 503 },
      { status: 'sent', httpStatus: 200 },
    ]);
  });
});

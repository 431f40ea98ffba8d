import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Phones } from '#libs/testing/phone';
import { ourNumber, startFixture, type Fixture } from './simulator.fixture.ts';

let fixture: Fixture;
let phones: Phones;
beforeAll(async () => (fixture = await startFixture()));
afterAll(() => fixture.stop());
beforeEach(async () => {
  fixture.receiver.answer = { status: 200, contentType: 'text/xml', body: '<Response/>' };
  phones = new Phones(fixture.url);
  await phones.mark();
});

const ann = '+15551230001';
const bob = '+15551230002';
const send = (to: string, body: string) => fixture.client.messages.create({ to, from: ourNumber, body });

test('receives what was sent before and what comes later, by part or pattern, in any case', async () => {
  const phone = phones.phone(ann);
  await send(ann, 'Are you OK?');
  expect(await phone.receives('are you ok')).toMatchObject({
    to: ann,
    body: 'Are you OK?',
    direction: 'outbound',
  });
  const later = phone.receives(/^HELLO\b/g);
  await send(ann, 'hello again');
  await later;
  await phones.expectNothingElseSent();
});

test('several phones wait at once, each for its own', async () => {
  const both = Promise.all([phones.phone(ann).receives('for ann'), phones.phone(bob).receives('for bob')]);
  await Promise.all([send(bob, 'for bob'), send(ann, 'for ann')]);
  await both;
  await phones.expectNothingElseSent();
});

test('another message than the expected one fails at once and stays unclaimed', async () => {
  await send(ann, 'Goodbye');
  await expect(phones.phone(ann).receives('hello')).rejects.toThrow(
    /should have received "hello", but.*\n.*"Goodbye"/,
  );
  await expect(phones.expectNothingElseSent()).rejects.toThrow(`to ${ann}`);
});

test('no message in time fails and tells what came to others', async () => {
  await send(bob, 'for bob');
  const waiting = phones.phone(ann).receives(/hello/, { withinMs: 50 });
  await expect(waiting).rejects.toThrow(
    /should have received \/hello\/ within 50 ms[^]*to \+15551230002.*"for bob"/,
  );
});

test('expectNothingElseSent lists every unclaimed message since the mark', async () => {
  await send(ann, 'before the mark');
  await phones.mark();
  await phones.expectNothingElseSent();
  await send(ann, 'one');
  await send(bob, 'two');
  await phones.phone(ann).receives('one');
  const failure = await phones.expectNothingElseSent().catch((error: Error) => error.message);
  expect(failure).toContain('"two"');
  expect(failure).not.toMatch(/one|before/);
});

test('replies gives the webhook’s answer, and its texts arrive at the phone', async () => {
  fixture.receiver.answer.body = '<Response><Message>Thank you</Message></Response>';
  expect(await phones.phone(ann).replies('yes')).toMatchObject({
    webhook: { status: 200 },
    replies: ['Thank you'],
  });
  expect(await phones.phone(ann).receives('thank you')).toMatchObject({ direction: 'reply' });
  await phones.expectNothingElseSent();
});

test('replies fails when the webhook does; texts does not', async () => {
  fixture.receiver.answer = { status: 503, contentType: 'text/plain', body: 'not now' };
  await expect(phones.phone(ann).replies('yes')).rejects.toThrow(/did not take it \(503\): not now/);
  expect(await phones.phone(ann).texts('yes', { repeat: 2 })).toMatchObject({
    webhooks: [{ status: 503 }, { status: 503 }],
  });
});

test('a refusal of the simulator is an error with its sentence', async () => {
  await expect(phones.phone('555').replies('yes')).rejects.toThrow(/number: must be a phone number/);
});

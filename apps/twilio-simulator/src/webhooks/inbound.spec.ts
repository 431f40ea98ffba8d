import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { accountSid, ourNumber, Receiver, startFixture, type Fixture } from '../simulator.fixture.ts';

const ann = '+15551230001';
const webhook = '/inbound?tenant=1';
const messagingServiceSid = `MG${'b'.repeat(32)}`;

let fixture: Fixture;
beforeAll(async () => (fixture = await startFixture({ messagingServiceSid })));
afterAll(() => fixture.stop());
beforeEach(async () => {
  await fixture.control('DELETE', 'messages');
  fixture.receiver.received.length = 0;
  fixture.receiver.answer = { status: 200, contentType: 'text/xml', body: '<Response/>' };
});

const text = async (body: string, more = {}) =>
  (await fixture.control('POST', `phones/${ann}/messages`, { body, ...more })).json;
const send = () => fixture.client.messages.create({ to: ann, from: ourNumber, body: 'x' });

test('a text is announced with Twilio’s fields and a signature that Twilio’s own check accepts', async () => {
  const result = await text('no & nö 😀');
  expect(result).toMatchObject({
    webhook: { status: 200, body: '<Response/>', contentType: 'text/xml' },
    replies: [],
  });
  const [received, ...rest] = fixture.receiver.received;
  expect(rest).toEqual([]);
  expect(received).toMatchObject({ path: webhook, isSigned: true });
  expect(received!.headers['i-twilio-idempotency-token']).toMatch(/^[0-9a-f-]{36}$/);
  expect(received!.params).toEqual({
    MessageSid: result.sid,
    SmsSid: result.sid,
    SmsMessageSid: result.sid,
    AccountSid: accountSid,
    MessagingServiceSid: messagingServiceSid,
    From: ann,
    To: ourNumber,
    Body: 'no & nö 😀',
    NumMedia: '0',
    NumSegments: '1',
    SmsStatus: 'received',
    ApiVersion: '2010-04-01',
    FromCountry: 'US',
    FromState: '',
    FromCity: '',
    FromZip: '',
    ToCountry: 'US',
    ToState: '',
    ToCity: '',
    ToZip: '',
  });
});

test('every <Message> of the answer is texted back', async () => {
  fixture.receiver.answer.body =
    '<?xml version="1.0"?><Response><Message>Tom &amp; &lt;Ann&gt; &#8364;</Message><Message to="x"><Body>two</Body></Message></Response>';
  expect((await text('hello')).replies).toEqual(['Tom & <Ann> €', 'two']);
  expect((await fixture.control('GET', 'messages')).json.messages).toMatchObject([
    { direction: 'inbound', from: ann, body: 'hello' },
    { direction: 'reply', to: ann, body: 'Tom & <Ann> €' },
    { direction: 'reply', to: ann, body: 'two' },
  ]);
});

test.each([
  ['JSON', { status: 200, contentType: 'application/json', body: '{"message":"x"}' }],
  ['a failure', { status: 500, contentType: 'text/xml', body: '<Response><Message>x</Message></Response>' }],
])('%s texts nothing back', async (_name, answer) => {
  fixture.receiver.answer = answer;
  expect(await text('hello')).toMatchObject({ webhook: { status: answer.status }, replies: [] });
});

test('a sid can be announced again and is kept once', async () => {
  const { sid } = await text('hello');
  await text('hello', { sid });
  expect(fixture.receiver.received.map(({ params }) => params['MessageSid'])).toEqual([sid, sid]);
  expect((await fixture.control('GET', 'messages')).json.messages).toHaveLength(1);
});

test('repeat announces one message several times', async () => {
  const { sid, webhooks } = await text('hello', { repeat: 3 });
  expect(webhooks).toHaveLength(3);
  expect(fixture.receiver.received.map(({ params }) => params['MessageSid'])).toEqual([sid, sid, sid]);
});

test.each(['wrong', 'none'])('a signature can be %s', async (signature) => {
  await text('hello', { signature });
  expect(fixture.receiver.received[0]!.isSigned).toBe(false);
  expect('x-twilio-signature' in fixture.receiver.received[0]!.headers).toBe(signature === 'wrong');
});

test.each(['STOP', ' stopall ', 'Unsubscribe', 'CANCEL', 'end', 'QUIT', 'REVOKE', 'OPTOUT'])(
  '%s blocks until START',
  async (word) => {
    fixture.receiver.answer.body = '<Response><Message>bye</Message></Response>';
    expect((await text(word)).replies).toEqual([]);
    expect(fixture.receiver.received.at(-1)!.params['OptOutType']).toBe('STOP');
    await expect(send()).rejects.toMatchObject({ status: 400, code: 21610 });
    expect((await fixture.control('GET', 'phones')).json.phones).toMatchObject([
      { number: ann, optedOut: true },
    ]);

    await text('Start');
    expect(fixture.receiver.received.at(-1)!.params['OptOutType']).toBe('START');
    await expect(send()).resolves.toMatchObject({ status: 'queued' });
  },
);

test('YES is a word of consent only after STOP', async () => {
  await text('yes');
  await text('stop');
  await text('yes');
  await text('yes');
  const types = fixture.receiver.received.map(({ params }) => params['OptOutType']);
  expect(types).toEqual([undefined, 'STOP', 'START', undefined]);
});

test('keywords count only alone; HELP and INFO block nothing', async () => {
  for (const body of ['please stop', 'HELP', 'info']) await text(body);
  const types = fixture.receiver.received.map(({ params }) => params['OptOutType']);
  expect(types).toEqual([undefined, 'HELP', 'HELP']);
  await expect(send()).resolves.toMatchObject({ status: 'queued' });
});

test('a text that nobody could be told of is kept for the list', async () => {
  const gone = await new Receiver().start();
  const { url } = gone;
  await gone.stop();
  const lonely = await startFixture({ webhookUrl: `${url}/inbound` });
  const { json } = await lonely.control('POST', `phones/${ann}/messages`, { body: 'no' });
  expect(json.webhook).toMatchObject({ status: null, error: 'ECONNREFUSED' });
  expect(await lonely.client.messages.list({ from: ann })).toMatchObject([{ sid: json.sid, body: 'no' }]);
  await lonely.stop();
});

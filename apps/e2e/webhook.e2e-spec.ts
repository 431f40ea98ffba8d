import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kronus } from './harness.ts';

describe('the webhook', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  it('answers commands', async () => {
    const tony = await kronus.person();
    await tony.phone.replies('Ping');
    await tony.phone.receives(/^PONG!$/);
    await tony.phone.replies('usage');
    await tony.phone.receives('Available Commands');
    await tony.phone.replies('probe --help');
    await tony.phone.receives('Usage of probe');
  }, 30_000);

  it('applies a text once, however often it is delivered, and answers each time the same', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 0 });
    await tony.phone.receives('are you okay');
    const { sid, webhooks } = await tony.phone.texts('no', { repeat: 5 });
    expect(new Set(webhooks.map((answer) => answer.body)).size).toBe(1);
    for (let i = 0; i < webhooks.length; i++) await tony.phone.receives('Hang in there!');
    await tony.contacts[0]!.receives("they're not okay");
    await tony.phone.receives('Reached out to Hulk');
    const again = await tony.phone.texts('no', { sid });
    expect(again.webhook!.body).toBe(webhooks[0]!.body);
    await tony.phone.receives('Hang in there!');
    await tony.contacts[0]!.replies('ok');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('Hulk got the message');
    expect(await tony.probes()).toHaveLength(1);
  }, 30_000);

  it.each(['wrong', 'none'] as const)(
    'refuses a text whose signature is %s',
    async (signature) => {
      const tony = await kronus.person();
      await tony.asksForCheck({ max_retries: 6 });
      await tony.phone.receives('are you okay');
      const { webhook } = await tony.phone.texts('no', { signature });
      expect(webhook).toMatchObject({ status: 401, body: '<Response />' });
      expect(webhook!.contentType).toContain('text/xml');
      expect(await tony.probes()).toMatchObject([{ status: { name: 'pending' }, last_response: null }]);
      await tony.phone.replies('y');
      await tony.phone.receives('👍');
    },
    30_000,
  );

  it('says nothing to an unknown sender, and nothing to a person who was not asked', async () => {
    const tony = await kronus.person();
    const stranger = kronus.phones.phone('+15559999999');
    expect((await stranger.texts('yes')).webhook).toMatchObject({ status: 200, body: '<Response />' });
    expect((await tony.phone.texts('yes')).webhook).toMatchObject({ status: 200, body: '<Response />' });
    expect(await tony.probes()).toEqual([]);
  }, 30_000);

  it('leaves words that belong to the provider alone', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 6 });
    await tony.phone.receives('are you okay');
    expect((await tony.phone.texts('START')).webhook!.body).toBe('<Response />');
    expect(await tony.probes()).toMatchObject([{ status: { name: 'pending' }, last_response: null }]);
    await tony.phone.replies('y');
    await tony.phone.receives('👍');
  }, 30_000);

  it('refuses delivery reports that nobody signed, and takes those about unknown messages', async () => {
    const path = '/webhook/sms/status/00000000-0000-4000-8000-000000000000';
    const { status } = await kronus.call('POST', path, { body: 'MessageSid=SM1&MessageStatus=failed' });
    expect(status).toBe(401);
  });
});

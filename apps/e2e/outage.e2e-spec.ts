import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kronus, type Person, until } from './harness.ts';

describe('while Kronus is down', () => {
  let kronus: Kronus;
  beforeEach(async () => {
    kronus = await Kronus.start({ hasOwnPhones: true });
  }, 90_000);
  afterEach(async () => {
    await kronus.endStory().finally(() => kronus.stop());
  }, 30_000);

  /** Sends a text that nobody takes. */
  async function textsInVain(person: Person, body: string): Promise<void> {
    const { webhook } = await person.phone.texts(body);
    expect(webhook!.status).toBeNull();
  }

  /** The phone may have the question before Kronus knows that it was taken; the wait counts from what Kronus knows. */
  const isOnRecord = (person: Person): Promise<void> =>
    until(
      async () => {
        const [last] = await person.account.expects(200, 'GET', `${person.path}/messages`);
        return last.status === 'delivered';
      },
      10_000,
      'the report on the question',
    );

  it('a cry for help is kept by the provider and heard afterwards', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 0, wait_time_in_minutes: 120 });
    await tony.phone.receives('are you okay');
    await kronus.crash();
    await textsInVain(tony, 'no');
    await kronus.restart();
    await tony.contacts[0]!.receives("they're not okay", { withinMs: 30_000 });
    await tony.phone.receives('Hang in there');
    await tony.phone.receives('Reached out to Hulk');
    await tony.contacts[0]!.replies('1');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('is on it');
  }, 120_000);

  it('an answer is in time although the deadline has passed', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 0, wait_time_in_minutes: 10 });
    await tony.phone.receives('are you okay');
    await isOnRecord(tony);
    await kronus.crash();
    await textsInVain(tony, 'yes');
    await kronus.minutesPass(20);
    await kronus.restart();
    await tony.phone.receives('👍', { withinMs: 30_000 });
    expect(await tony.probes()).toMatchObject([{ status: { name: 'good' }, last_response: 'yes' }]);
  }, 120_000);

  it('a deadline that passes is followed by one more question, and only then by the alarm', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 0, wait_time_in_minutes: 10 });
    await tony.phone.receives('are you okay');
    await isOnRecord(tony);
    await kronus.crash();
    await kronus.minutesPass(25);
    await kronus.restart();
    await tony.phone.receives('You good ??', { withinMs: 30_000 });
    expect(await tony.probes()).toMatchObject([{ status: { name: 'pending' } }]);
    await tony.contacts[0]!.receives('missed their check-in', { withinMs: 30_000 });
    await tony.phone.receives('Reached out to Hulk');
    expect(await tony.probes()).toMatchObject([{ reason: 'no_reply', retry_count: 1, max_retries: 0 }]);
    await tony.contacts[0]!.replies('ok');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('is on it');
  }, 120_000);

  it('an acknowledgement is heard before the next contact is asked', async () => {
    const tony = await kronus.person({
      contacts: ['Hulk', 'Thor'],
      settings: { escalation_wait_in_minutes: 20 },
    });
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there');
    await tony.contacts[0]!.receives("they're not okay");
    await tony.phone.receives('Reached out to Hulk');
    await kronus.crash();
    const { webhook } = await tony.contacts[0]!.texts('1');
    expect(webhook!.status).toBeNull();
    await kronus.minutesPass(25);
    await kronus.restart();
    await tony.contacts[0]!.receives("you're on it", { withinMs: 30_000 });
    await tony.phone.receives('Hulk got the message and is on it');
  }, 120_000);
});

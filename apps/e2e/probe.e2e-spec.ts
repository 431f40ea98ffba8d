import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { Kronus, until } from './harness.ts';

describe('a check', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  it('ends well when the person answers yes', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck();
    await tony.phone.receives('you asked me to check on you. Are you okay?');
    expect((await tony.phone.replies(' yEaH ')).replies).toEqual(['👍']);
    await tony.phone.receives('👍');
    expect(await tony.probes()).toMatchObject([
      {
        kind: 'one_off',
        status: { name: 'good' },
        reason: 'replied',
        last_response: ' yEaH ',
        retry_count: 0,
      },
    ]);
  }, 30_000);

  it('alerts the emergency contact at once when the person is not okay', async () => {
    const tony = await kronus.person({ settings: { active: true } });
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('Nope');
    await tony.phone.receives('Hang in there!');
    await tony.contacts[0]!.receives(
      "Hulk: Tony says they're not okay. You're their emergency contact: reach out ASAP.",
    );
    await tony.phone.receives('Reached out to Hulk. Your check-ins are now off.');
    expect(await tony.isActive()).toBe(false);
    const [probe] = await tony.probes();
    expect(probe).toMatchObject({
      status: { name: 'bad' },
      reason: 'replied',
      emergency_probe: { id: expect.any(Number), contact_id: expect.any(Number), probe_id: probe!.id },
    });
    await tony.contacts[0]!.replies('1');
    await tony.contacts[0]!.receives("I'm telling Tony that you're on it");
    await tony.phone.receives('Hulk got the message and is on it');
  }, 30_000);

  it('keeps an unclear answer and goes on waiting', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    expect((await tony.phone.replies('maybe')).replies).toEqual([]);
    expect(await tony.probes()).toMatchObject([{ status: { name: 'pending' }, last_response: 'maybe' }]);
    await tony.phone.receives('You good ??');
    await tony.phone.replies('y');
    await tony.phone.receives('👍');
    expect(await tony.probes()).toMatchObject([{ status: { name: 'good' }, retry_count: 1 }]);
  }, 30_000);

  it('follows up on silence and then alerts the contacts, one after the other', async () => {
    const tony = await kronus.person({
      contacts: ['Hulk', 'Thor'],
      settings: { active: true, escalation_wait_in_minutes: 5 },
    });
    await tony.asksForCheck({ max_retries: 2 });
    await tony.phone.receives('are you okay');
    await tony.phone.receives('You good ??');
    await tony.phone.receives('You good ??');
    await tony.contacts[0]!.receives(/Hulk: Tony missed their check-in\..*please reach out/);
    await tony.phone.receives('Reached out to Hulk');
    expect(await tony.isActive()).toBe(false);
    expect(await tony.probes()).toMatchObject([
      { status: { name: 'unavailable' }, reason: 'no_reply', retry_count: 2 },
    ]);

    await tony.contacts[1]!.receives('Thor: Tony missed their check-in');
    await tony.phone.receives('Reached out to Thor');
    await tony.contacts[1]!.replies('ok');
    await tony.contacts[1]!.receives("I'm telling Tony that you're on it");
    await tony.phone.receives('Thor got the message and is on it');
    await tony.contacts[0]!.receives('Thor is looking after Tony');
  }, 60_000);

  it('tells everyone who was alerted when a late yes comes, and keeps the state', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 0 });
    await tony.phone.receives('are you okay');
    await tony.contacts[0]!.receives('missed their check-in');
    await tony.phone.receives('Reached out to Hulk');
    await tony.phone.replies('yes');
    await tony.phone.receives("Glad you're okay!");
    await tony.contacts[0]!.receives("All clear, Hulk: Tony says they're okay now");
    await tony.phone.replies('yes');
    expect(await tony.probes()).toMatchObject([{ status: { name: 'unavailable' }, last_response: 'yes' }]);
  }, 30_000);

  it('is withdrawn when the person switches everything off while it is pending', async () => {
    const tony = await kronus.person({ settings: { active: true } });
    await tony.asksForCheck({ max_retries: 0 });
    await tony.phone.receives('are you okay');
    await tony.changesSettings({ active: false });
    expect(await tony.probes()).toMatchObject([
      { status: { name: 'cancelled' }, reason: 'cancelled_by_user' },
    ]);
    expect((await tony.phone.replies('no')).replies).toEqual([]);
    await kronus.minutesPass(8);
  }, 30_000);

  it('ends with the person who is deleted while it is pending', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 0 });
    await tony.phone.receives('are you okay');
    await tony.account.expects(200, 'DELETE', tony.path);
    expect((await tony.account.call('GET', tony.path)).status).toBe(401);
    expect((await tony.phone.texts('no')).webhook).toMatchObject({ status: 200, body: '<Response />' });
    await kronus.minutesPass(8);
  }, 30_000);

  it('can be asked for by text', async () => {
    const tony = await kronus.person();
    await tony.phone.replies('probe -in 1 -retries 0');
    await tony.phone.receives('Checking on you in 1 min');
    await tony.phone.receives('you asked me to check on you');
    await tony.phone.replies('y');
    await tony.phone.receives('👍');

    const alone = await kronus.person({ contacts: [] });
    await alone.phone.replies('probe');
    await alone.phone.receives("An emergency contact is required to use the 'probe' cmd");
  }, 30_000);

  it('can be traced from the request that asked for it to the workflow', async () => {
    const tony = await kronus.person();
    const { body } = await tony.account.call('POST', `${tony.path}/probes`, { in_minutes: 60 });
    const connection = await Connection.connect({ address: kronus.temporalAddress });
    const workflow = new Client({ connection }).workflow.getHandle(`probe/${tony.account.id}`);
    const memo = async () => (await workflow.describe().catch(() => undefined))?.memo;
    await until(async () => (await memo()) !== undefined, 5_000, 'the workflow of the check');
    expect(await memo()).toEqual({ requestId: body.request_id });
    await connection.close();
  }, 30_000);
});

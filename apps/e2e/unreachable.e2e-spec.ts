import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kronus, until, type Person } from './harness.ts';

/** Contacts have all the time of a story to answer, however slow the machine is. */
const PATIENT = { escalation_wait_in_minutes: 120 };

interface Entry {
  at: string;
  event: string;
  status?: string;
  reason?: string;
  contact_id?: number | null;
  message?: Record<string, unknown>;
  text?: Record<string, unknown>;
}

describe('a person who cannot be reached', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  /** Lets the provider or the carrier fail a phone's next texts. */
  const fail = (number: string, fault: object) =>
    kronus.phones.call('/control/faults', { to: number, count: 1, ...fault });
  const messages = (person: Person) =>
    person.account.expects(200, 'GET', `${person.path}/messages`) as Promise<Record<string, unknown>[]>;
  /** The contact takes it on, which ends the asking. */
  const takesCare = async (person: Person, hears = true) => {
    await person.contacts[0]!.replies('1');
    await person.contacts[0]!.receives("I'm telling Tony that you're on it");
    if (hears) await person.phone.receives('Hulk got the message');
  };
  /** The provider refused to send this to somebody who has opted out. */
  const refusalOf = (person: Person, kind: string) =>
    until(
      async () =>
        (await messages(person)).some(
          (each) =>
            each.kind === kind &&
            each.to === 'person' &&
            each.status === 'failed' &&
            each.error_code === 21610,
        ),
      15_000,
      `the refusal of ${kind}`,
    );
  const reachability = async (person: Person) =>
    (await person.account.expects(200, 'GET', person.path)).probe_settings.reachability;

  it('has opted out between two checks: the contacts hear of it, and no text of ours gets in the way', async () => {
    const tony = await kronus.person({ settings: { active: true, ...PATIENT } });
    await tony.phone.replies('STOP');
    await tony.contacts[0]!.receives(
      "Hulk: Tony opted out of Kronus texts (STOP), so we can't check on them",
    );
    expect(await tony.isActive()).toBe(false);
    expect(await tony.probes()).toMatchObject([
      { kind: 'scheduled', status: { name: 'unavailable' }, reason: 'opted_out', alerts: [{ round: 1 }] },
    ]);
    await tony.phone.replies('STOP');
    await refusalOf(tony, 'reached_out');
    await takesCare(tony, false);
    await refusalOf(tony, 'acknowledged');

    expect(await reachability(tony)).toBe('opted_out');
    const refused = await tony.account.call('PUT', `${tony.path}/probe_settings`, { active: true });
    expect([refused.status, refused.body.error_codes]).toEqual([409, ['opted_out']]);
    await tony.phone.replies('START');
    expect([await reachability(tony), await tony.isActive()]).toEqual(['ok', false]);
    await tony.asksForCheck({ wait_time_in_minutes: 60 });
    await tony.phone.receives('are you okay');
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
  }, 60_000);

  it('whose phone is off is followed up, and then said to be out of reach, not silent', async () => {
    const tony = await kronus.person({ settings: PATIENT });
    await fail(tony.phone.number, { kind: 'undelivered', code: 30003, count: 2 });
    await tony.asksForCheck({ max_retries: 1 });
    await tony.phone.receives('are you okay');
    await tony.phone.receives('You good ??');
    await tony.contacts[0]!.receives("Hulk: we can't reach Tony by text.");
    await tony.phone.receives('Reached out to Hulk');
    expect(await tony.probes()).toMatchObject([
      { status: { name: 'unavailable' }, reason: 'undeliverable', retry_count: 1 },
    ]);
    await takesCare(tony);
    expect(await reachability(tony)).toBe('ok');
  }, 60_000);

  it('whose number is broken is not asked a second time', async () => {
    for (const fault of [
      { kind: 'failed', code: 30006 },
      { kind: 'error', status: 400, code: 21211 },
    ]) {
      const tony = await kronus.person({ settings: PATIENT });
      await fail(tony.phone.number, fault);
      await tony.asksForCheck({ max_retries: 6 });
      // What the carrier gives up was sent; what the provider refuses never was.
      if (fault.kind === 'failed') await tony.phone.receives('are you okay');
      await tony.contacts[0]!.receives("Hulk: texts can't reach Tony's number any more.");
      await tony.phone.receives('Reached out to Hulk');
      expect(await tony.probes()).toMatchObject([
        { status: { name: 'unavailable' }, reason: 'invalid_number', retry_count: 0 },
      ]);
      expect(await reachability(tony)).toBe('broken');
      await takesCare(tony);
    }
  }, 60_000);

  it('can be told of from the first question to the all-clear', async () => {
    const tony = await kronus.person({ contacts: ['Hulk', 'Thor'], settings: { active: true, ...PATIENT } });
    const [hulk, thor] = tony.contacts;
    await fail(hulk!.number, { kind: 'error', status: 400, code: 21211 });
    await tony.asksForCheck({ max_retries: 1, wait_time_in_minutes: 12 });
    await tony.phone.receives('are you okay');
    await tony.phone.replies('maybe');
    await tony.phone.receives('You good ??');
    await thor!.receives('Thor: Tony missed their check-in');
    await tony.phone.receives('Reached out to Thor');
    await thor!.replies('what?');
    await thor!.receives('Reply 1 if you can look after Tony');
    await thor!.replies('1');
    await thor!.receives("I'm telling Tony that you're on it");
    await tony.phone.receives('Thor got the message');
    await tony.phone.replies('yes');
    await tony.phone.receives("Glad you're okay!");
    await thor!.receives('All clear, Thor');

    const [probe] = await tony.probes();
    const path = `${tony.path}/probes/${probe!.id}`;
    const read = (): Promise<Entry[]> => tony.account.expects(200, 'GET', `${path}/timeline`);
    const isOver = async () =>
      (await read()).some(({ event }) => event === 'escalation_ended') && (await areAllDelivered());
    const areAllDelivered = async () =>
      (await messages(tony)).every(({ status }) => status === 'delivered' || status === 'failed');
    await until(isOver, 15_000, 'the end of the story');

    const timeline = await read();
    const times = timeline.map((entry) => Date.parse(entry.at));
    expect(times).toEqual([...times].sort((one, other) => one - other));
    const ofDecisions = timeline.filter(({ event }) => !/^message_(accepted|sent|delivered)$/.test(event));
    expect(ofDecisions.map(({ event, message, text }) => [event, message?.kind ?? text?.effect])).toEqual([
      ['opened', undefined],
      ['asked', 'check_in'],
      ['text_received', 'kept'],
      ['reply_kept', 'kept'],
      ['followed_up', 'follow_up'],
      ['settled', undefined],
      ['switched_off', undefined],
      ['escalation_raised', undefined],
      ['contact_asked', 'alert'],
      ['message_failed', 'alert'],
      ['contact_asked', 'alert'],
      ['message_queued', 'reached_out'],
      ['text_received', 'hinted'],
      ['text_received', 'acknowledged'],
      ['acknowledged', undefined],
      ['message_queued', 'acknowledged'],
      ['text_received', 'all_clear'],
      ['all_clear', undefined],
      ['message_queued', 'all_clear'],
      ['escalation_ended', undefined],
    ]);
    const [toHulk, toThor] = timeline
      .filter(({ event }) => event === 'contact_asked')
      .map((entry) => entry.message!);
    expect(toHulk).toMatchObject({ to: 'contact', status: 'failed', error_code: 21211, sid: null });
    expect(toThor).toMatchObject({ to: 'contact', status: 'delivered', sid: expect.stringMatching(/^SM/) });
    expect(
      timeline.filter(({ message }) => message?.uuid === toThor!.uuid).map(({ event }) => event),
    ).toEqual(['contact_asked', 'message_accepted', 'message_sent', 'message_delivered']);
    expect(timeline.find(({ event }) => event === 'acknowledged')!.contact_id).toBe(toThor!.contact_id);
    expect(timeline.find(({ event }) => event === 'settled')).toMatchObject({
      status: 'unavailable',
      reason: 'no_reply',
    });
    expect(timeline.find(({ event }) => event === 'text_received')!.text).toMatchObject({
      from: 'person',
      body: 'maybe',
    });

    const admin = await kronus.admin();
    const seenByAdmin = await admin.expects(200, 'GET', `/v1/probes/${probe!.id}/timeline`);
    expect(seenByAdmin.map((entry: Entry) => entry.event)).toEqual(timeline.map((entry) => entry.event));
    expect(JSON.stringify(seenByAdmin)).not.toMatch(/"body"|"reply"|\+1555/);
    const detail = await tony.account.expects(200, 'GET', path);
    expect(detail).toMatchObject({ reason: 'no_reply', messages: expect.any(Array) });
    expect(detail.messages).toHaveLength(7);
  }, 60_000);
});

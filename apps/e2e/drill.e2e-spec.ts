import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Kronus, until, type Person } from './harness.ts';

/** A drill as the API shows it. */
interface DrillView {
  id: number;
  status: string;
  reason: string | null;
  person_answered_at: string | null;
  answers: {
    contact_id: number;
    delivery_status: string;
    error_code: number | null;
    answered_at: string | null;
  }[];
}

const startsDrill = (person: Person, waitMinutes: number): Promise<DrillView> =>
  person.account.expects(201, 'POST', `${person.path}/drills`, { wait_time_in_minutes: waitMinutes });
const readDrill = (person: Person, { id }: DrillView): Promise<DrillView> =>
  person.account.expects(200, 'GET', `${person.path}/drills/${id}`);
const settingsOf = async (person: Person) =>
  (await person.account.expects(200, 'GET', person.path)).probe_settings;
const ends = (person: Person, drill: DrillView) =>
  until(async () => (await readDrill(person, drill)).status !== 'running', 10_000, 'the drill to end');

describe('a drill', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  it('tries the whole chain, records who answered, and changes no settings', async () => {
    const tony = await kronus.person({
      contacts: ['Hulk', 'Thor', 'Loki'],
      settings: { active: true, cron_expression: '0 0 1 1 *' },
    });
    const [hulk, thor, loki] = tony.contacts;
    await kronus.phones.call('/control/faults', {
      kind: 'error',
      status: 400,
      code: 21211,
      to: loki!.number,
    });
    const before = await settingsOf(tony);

    const drill = await startsDrill(tony, 10);
    await tony.phone.receives('TEST, Tony: you started a drill, nobody is worried.');
    await tony.phone.replies('yes');
    await tony.phone.receives('TEST: got it, thank you.');
    await hulk!.receives('TEST, Hulk: Tony tries out whether an alarm would reach you.');
    await hulk!.replies('1');
    await hulk!.receives("TEST: thank you! In a real alarm Tony would now hear that you're on it.");
    await thor!.receives('TEST, Thor: Tony tries out');
    await tony.phone.receives('TEST over, Tony: Hulk answered, Thor and Loki did not.');
    await ends(tony, drill);

    const ended = await readDrill(tony, drill);
    expect(ended).toMatchObject({
      status: 'finished',
      reason: null,
      person_answered_at: expect.any(String),
      answers: [
        { delivery_status: 'delivered', answered_at: expect.any(String) },
        { delivery_status: 'delivered', answered_at: null },
        { delivery_status: 'failed', error_code: 21211, answered_at: null },
      ],
    });
    const after = await settingsOf(tony);
    expect(after).toEqual({
      ...before,
      last_drill_at: expect.any(String),
      last_proven_at: ended.answers[0]!.answered_at,
    });
    const contacts = await tony.account.expects(200, 'GET', `${tony.path}/contacts`);
    expect(contacts.map((each: Record<string, unknown>) => [each.first_name, each.last_proven_at])).toEqual([
      ['Loki', null],
      ['Thor', null],
      ['Hulk', ended.answers[0]!.answered_at],
    ]);
    expect(await tony.probes()).toEqual([]);
    await kronus.minutesPass(8);
  }, 60_000);

  it('gives way to a real check, which then raises a real alarm', async () => {
    const tony = await kronus.person({ contacts: ['Hulk', 'Thor'] });
    const [hulk] = tony.contacts;
    const drill = await startsDrill(tony, 60);
    await tony.phone.receives('TEST, Tony');
    await tony.phone.replies('y');
    await tony.phone.receives('TEST: got it');
    await hulk!.receives('TEST, Hulk');
    await tony.asksForCheck();
    await tony.phone.receives('you asked me to check on you. Are you okay?');
    expect(await readDrill(tony, drill)).toMatchObject({ status: 'cancelled', reason: 'superseded' });
    expect((await hulk!.replies('1')).replies).toEqual([]);
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there!');
    await hulk!.receives("Hulk: Tony says they're not okay.");
    await tony.phone.receives('Reached out to Hulk');
    const refused = await tony.account.call('POST', `${tony.path}/drills`, {});
    expect([refused.status, refused.body.errors]).toEqual([409, ['an alarm is being looked after']]);
    await hulk!.replies('1');
    await hulk!.receives("I'm telling Tony that you're on it");
    await tony.phone.receives('Hulk got the message and is on it');
    expect(await readDrill(tony, drill)).toMatchObject({ answers: [{ answered_at: null }] });
    await kronus.minutesPass(8);
  }, 60_000);

  it('is cancelled, and ends with the person', async () => {
    const tony = await kronus.person();
    const drill = await startsDrill(tony, 5);
    await tony.phone.receives('TEST, Tony');
    await tony.account.expects(200, 'DELETE', `${tony.path}/drills/${drill.id}`);
    expect((await tony.phone.replies('y')).replies).toEqual([]);
    expect(await readDrill(tony, drill)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_user' });

    const peter = await kronus.person({ firstName: 'Peter' });
    await startsDrill(peter, 5);
    await peter.phone.receives('TEST, Peter');
    await peter.account.expects(200, 'DELETE', peter.path);
    await kronus.minutesPass(8);
  }, 60_000);
});

describe('a drill that was begun is finished', () => {
  let kronus: Kronus;
  beforeEach(async () => {
    kronus = await Kronus.start({ minuteMs: 2_000 });
  }, 90_000);
  afterEach(async () => {
    await kronus.endStory().finally(() => kronus.stop());
  }, 30_000);

  it.each([
    ['after a crash', () => undefined],
    ['when Temporal has lost everything', () => rmSync(join(kronus.kept, 'temporal'), { recursive: true })],
  ])(
    '%s, with nothing lost and nothing sent twice',
    async (_when, lose) => {
      const tony = await kronus.person({ contacts: ['Hulk', 'Thor'] });
      const drill = await startsDrill(tony, 10);
      await tony.phone.receives('TEST, Tony');
      await tony.phone.replies('y');
      await tony.phone.receives('TEST: got it');
      await tony.contacts[0]!.receives('TEST, Hulk');
      await kronus.crash();
      lose();
      await kronus.restart();
      await tony.contacts[1]!.receives('TEST, Thor', { withinMs: 60_000 });
      await tony.contacts[1]!.replies('1');
      await tony.contacts[1]!.receives('TEST: thank you!');
      await tony.phone.receives('TEST over, Tony: Thor answered, Hulk did not.', { withinMs: 60_000 });
      await ends(tony, drill);
    },
    180_000,
  );
});

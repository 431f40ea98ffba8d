import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TimeMachine } from '#apps/worker/src/time-machine.fixture';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { nthSunday } from '#libs/testing/calendar';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const plus = (instant: Date, ms: number) => new Date(instant.getTime() + ms);

describe('the plan of a person', () => {
  let world: TimeMachine;
  beforeAll(async () => {
    world = await TimeMachine.start();
  }, 60_000);
  afterAll(() => world.close(), 30_000);
  afterEach(() => world.endStory());

  const nextTickAt = async (userId: number) =>
    (await world.orm.em.fork().findOneOrFail(ProbeSettings, { userId })).nextTickAt!;
  /** Lets time pass until a time of day (UTC) of the day after tomorrow. */
  async function travelToHour(hour: number): Promise<Date> {
    const day = plus(await world.now(), 2 * DAY);
    const moment = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), hour));
    await world.travelTo(moment);
    return moment;
  }

  it('asks nothing while it is paused, and goes on by itself at the end of the pause', async () => {
    const person = await world.person({ cron: '0 18 * * *' });
    const first = await nextTickAt(person.id);
    await world.pause(person.id, plus(first, 3 * DAY));
    await world.travelTo(plus(first, 3 * DAY - 1_000));
    await world.phones.expectNothingElseSent();
    await world.travelTo(plus(first, 3 * DAY + 1_000));
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    expect(await nextTickAt(person.id)).toEqual(plus(first, 4 * DAY));
    expect(await world.probes(person.id)).toMatchObject([{ dueAt: plus(first, 3 * DAY), status: 'good' }]);
  }, 60_000);

  it('goes back to the schedule when the pause is ended early', async () => {
    const person = await world.person({ cron: '0 18 * * *' });
    const first = await nextTickAt(person.id);
    await world.pause(person.id, plus(first, 30 * DAY));
    await world.travelTo(plus(first, 2 * DAY + HOUR));
    await world.resume(person.id);
    expect(await world.travelPastTick(person.id)).toEqual(plus(first, 3 * DAY));
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
  }, 60_000);

  it('calls off a check that is pending when it is paused: no follow-up, no alarm', async () => {
    const person = await world.person({ maxRetries: 2, waitTimeInMinutes: 30 });
    const tick = await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    await world.travelTo(plus(tick, HOUR / 2 + 1_000));
    await person.phone.receives('You good ??');
    await world.pause(person.id, plus(tick, 10 * DAY));
    await world.travelTo(plus(tick, 10 * DAY - 1_000));
    await world.phones.expectNothingElseSent();
    expect(await world.probes(person.id)).toMatchObject([
      { status: 'cancelled', reason: 'cancelled_by_user', retryCount: 1 },
    ]);
  }, 60_000);

  it('checks on the person who asks for it even while it is paused', async () => {
    const person = await world.person();
    const now = await world.now();
    await world.pause(person.id, plus(now, 10 * DAY));
    await world.orderCheck(person.id, { inMinutes: 10, maxRetries: 0, waitMinutes: 30 });
    await world.travelTo(plus(now, HOUR / 6 + 2_000));
    await person.phone.receives('you asked me to check on you');
    await world.reply(person.id, 'good');
    await world.travelTo(plus(now, 9 * DAY));
    expect(await world.probes(person.id)).toMatchObject([{ kind: 'one_off', status: 'good' }]);
  }, 60_000);

  it('asks once in the morning what came due in the night', async () => {
    const evening = await travelToHour(21);
    const person = await world.person({ cron: '30 * * * *', quietHours: ['22:00', '07:15'] });
    await world.travelTo(plus(evening, HOUR / 2 + 1_000));
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    await world.travelTo(plus(evening, 10 * HOUR + HOUR / 4 - 1_000));
    await world.phones.expectNothingElseSent();
    await world.travelTo(plus(evening, 10 * HOUR + HOUR / 4 + 1_000));
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    await world.travelTo(plus(evening, 10 * HOUR + HOUR / 2 + 1_000));
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
  }, 60_000);

  it('never holds back follow-ups and alarms, nor a check that was asked for', async () => {
    const evening = await travelToHour(21);
    const person = await world.person({
      cron: '30 21 * * *',
      quietHours: ['22:00', '07:00'],
      maxRetries: 1,
      waitTimeInMinutes: 60,
    });
    await world.travelTo(plus(evening, 0.5 * HOUR + 1_000));
    await person.phone.receives('are you okay');
    await world.travelTo(plus(evening, 1.5 * HOUR + 2_000));
    await person.phone.receives('You good ??');
    await world.travelTo(plus(evening, 2.5 * HOUR + 3_000));
    await person.contacts[0]!.receives('missed their check-in');
    await person.phone.receives('Reached out to Hulk');
    const [probe] = await world.probes(person.id);
    await world.acknowledge(probe!.id);
    await person.phone.receives('Hulk got the message');

    const other = await world.person({ quietHours: ['22:00', '07:00'] });
    await world.orderCheck(other.id, { inMinutes: 60, maxRetries: 0, waitMinutes: 30 });
    await world.travelTo(plus(evening, 3.5 * HOUR + 5_000));
    await other.phone.receives('you asked me to check on you');
    await world.reply(other.id, 'good');
  }, 60_000);

  it('does not wake anybody with a tick that is noticed only in the night', async () => {
    const evening = await travelToHour(21);
    const person = await world.person({ cron: '0 18 * * *', quietHours: ['22:00', '07:00'] });
    await world.travelTo(plus(evening, 2 * HOUR));
    await world.makeOverdue(person.id, plus(evening, -3 * HOUR));
    await world.travelTo(plus(evening, 10 * HOUR - 1_000));
    await world.phones.expectNothingElseSent();
    await world.travelTo(plus(evening, 10 * HOUR + 1_000));
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    expect(await nextTickAt(person.id)).toEqual(plus(evening, 21 * HOUR));
  }, 60_000);

  it("follows the person's own clock through both of its changes", async () => {
    const year = await world.travelToNextYear();
    const spring = nthSunday(2, 3, year);
    const autumn = nthSunday(1, 11, year);
    // In spring 2:30 does not happen. In autumn, a night that lasts an hour longer ends at 7:00 all the same.
    const early = await world.person({ cron: `30 2 ${spring} 3 *`, timeZone: 'America/Toronto' });
    const late = await world.person({
      cron: `30 23 ${autumn - 1 || 31} ${autumn === 1 ? 10 : 11} *`,
      timeZone: 'America/Toronto',
      quietHours: ['22:00', '07:00'],
    });
    expect(await world.travelPastTick(early.id)).toEqual(new Date(Date.UTC(year, 2, spring, 7)));
    await early.phone.receives('are you okay');
    await world.reply(early.id, 'good');
    expect(await world.travelPastTick(late.id)).toEqual(new Date(Date.UTC(year, 10, autumn, 12)));
    await late.phone.receives('are you okay');
    await world.reply(late.id, 'good');
    await world.env.sleep('2 days');
    expect(await world.probes(early.id)).toHaveLength(1);
    expect(await world.probes(late.id)).toHaveLength(1);
  }, 60_000);
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TimeMachine } from '#apps/worker/src/time-machine.fixture';
import { nthSunday } from '#libs/testing/calendar';
import { probeWorkflowId } from './probe.contract.ts';

const MINUTE = 60_000;
const plus = (instant: Date, minutes: number) => new Date(instant.getTime() + minutes * MINUTE);

describe('the workflow of a person', () => {
  let world: TimeMachine;
  beforeAll(async () => {
    world = await TimeMachine.start({ timeZone: 'America/Toronto' });
  }, 60_000);
  afterAll(() => world.close(), 30_000);
  afterEach(() => world.endStory());

  it('asks once at each tick of a week', async () => {
    const person = await world.person({ cron: '0 18 * * *' });
    const ticks: Date[] = [];
    for (let day = 0; day < 7; day++) {
      ticks.push(await world.travelPastTick(person.id));
      await person.phone.receives('are you okay');
      await world.reply(person.id, 'good');
    }
    const probes = await world.probes(person.id);
    expect(probes.map((probe) => [probe.dueAt, probe.status])).toEqual(ticks.map((tick) => [tick, 'good']));
    expect(new Set(ticks.map((tick) => tick.getTime())).size).toBe(7);
  }, 60_000);

  it('follows up to the limit, one wait after the other, and then raises the alarm', async () => {
    const person = await world.person({ maxRetries: 2, waitTimeInMinutes: 30 });
    const tick = await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    for (const minutes of [30, 60]) {
      await world.travelTo(plus(tick, minutes - 1));
      await world.phones.expectNothingElseSent();
      await world.travelTo(plus(tick, minutes + 1));
      await person.phone.receives('You good ??');
    }
    await world.travelTo(plus(tick, 89));
    await world.phones.expectNothingElseSent();
    await world.travelTo(plus(tick, 91));
    await person.contacts[0]!.receives(/tony missed their check-in.*reach out/i);
    await person.phone.receives('Reached out to Hulk. Your check-ins are now off.');
    expect(await world.probes(person.id)).toMatchObject([
      { status: 'unavailable', reason: 'no_reply', retryCount: 2, maxRetries: 2 },
    ]);

    await world.travelTo(plus(tick, 91 + 16));
    await person.contacts[0]!.receives('missed their check-in');
    await world.env.sleep('8 days');
  }, 60_000);

  it('skips a tick while the last probe is pending', async () => {
    const person = await world.person({ cron: '*/30 * * * *', maxRetries: 0, waitTimeInMinutes: 45 });
    await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    await world.travelPastTick(person.id);
    await world.phones.expectNothingElseSent();
    await world.reply(person.id, 'good');
    await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    expect(await world.probes(person.id)).toHaveLength(2);
  }, 60_000);

  it('takes a changed schedule while it sleeps', async () => {
    const person = await world.person({ cron: '0 18 1 1 *' });
    const before = await world.phase(person.id);
    await world.reschedule(person.id, '0 12 * * *');
    const tick = await world.travelPastTick(person.id);
    expect(before).toMatchObject({ do: 'ask' });
    expect(tick.getUTCMinutes()).toBe(0);
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
  }, 60_000);

  it('ends when there is nothing left to watch', async () => {
    const person = await world.person();
    await world.stopWatching(person.id);
    const handle = world.env.client.workflow.getHandle(probeWorkflowId(person.id));
    await handle.result();
    expect((await handle.describe()).status.name).toBe('COMPLETED');
  }, 60_000);

  it('asks once right after the gap for a time that spring skips', async () => {
    const year = await world.travelToNextYear();
    const person = await world.person({ cron: `30 2 ${nthSunday(2, 3, year)} 3 *` });
    const tick = await world.travelPastTick(person.id);
    expect(tick.toISOString()).toBe(new Date(Date.UTC(year, 2, nthSunday(2, 3, year), 7)).toISOString());
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    await world.env.sleep('2 days');
    expect(await world.probes(person.id)).toHaveLength(1);
  }, 60_000);

  it('asks once, the first time, for a time that autumn repeats', async () => {
    const year = await world.travelToNextYear();
    const person = await world.person({ cron: `30 1 ${nthSunday(1, 11, year)} 11 *` });
    const tick = await world.travelPastTick(person.id);
    expect(tick.toISOString()).toBe(
      new Date(Date.UTC(year, 10, nthSunday(1, 11, year), 5, 30)).toISOString(),
    );
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'good');
    await world.env.sleep('2 days');
    expect(await world.probes(person.id)).toHaveLength(1);
  }, 60_000);

  it('closes a long history and goes on in a new one', async () => {
    const person = await world.person({ cron: '* * * * *' });
    const handle = world.env.client.workflow.getHandle(probeWorkflowId(person.id));
    const { runId } = await handle.describe();
    let count = 0;
    while ((await handle.describe()).runId === runId && count < 200) {
      await world.travelPastTick(person.id);
      await person.phone.receives('are you okay');
      await world.reply(person.id, 'good');
      count++;
    }
    await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    expect(count).toBeLessThan(200);
    expect(await world.probes(person.id)).toHaveLength(count + 1);
  }, 120_000);

  it('tells operators what it waits for', async () => {
    const person = await world.person();
    expect(await world.phase(person.id)).toEqual({
      do: 'ask',
      at: expect.any(Number),
      tick: { kind: 'scheduled' },
    });
  }, 60_000);
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kronus } from './harness.ts';

/** The next minute that is not about to begin, as a cron expression in UTC: people set up now are all due then. */
function nextTick(): string {
  const at = new Date(Date.now() + 65_000);
  return `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
}

describe('a schedule', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start({ minuteMs: 1_000, env: { KRONUS_CRON_TIME_ZONE: 'UTC' } });
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  it('asks everyone whose tick is the same minute once, while somebody else is being looked after', async () => {
    const herd = await Promise.all(
      Array.from({ length: 5 }, () =>
        kronus.person({ settings: { active: true, cron_expression: '0 0 1 1 *' } }),
      ),
    );
    const bruce = await kronus.person({ firstName: 'Bruce', settings: { escalation_wait_in_minutes: 120 } });
    await bruce.asksForCheck();
    await bruce.phone.receives('are you okay');
    await bruce.phone.replies('no');
    await bruce.phone.receives('Hang in there');
    await bruce.contacts[0]!.receives("Bruce says they're not okay");
    await bruce.phone.receives('Reached out to Hulk');

    const cron = nextTick();
    await Promise.all(herd.map((person) => person.changesSettings({ cron_expression: cron })));
    await Promise.all(herd.map((person) => person.phone.receives('are you okay', { withinMs: 90_000 })));
    await bruce.contacts[0]!.replies('1');
    await bruce.contacts[0]!.receives("you're on it");
    await bruce.phone.receives('is on it');

    await Promise.all(herd.map((person) => person.phone.replies('yes')));
    for (const person of herd) {
      await person.phone.receives('👍');
      expect(await person.probes()).toMatchObject([{ kind: 'scheduled', status: { name: 'good' } }]);
      expect(await person.isActive()).toBe(true);
    }
  }, 180_000);
});

import { expect, it } from '@jest/globals';
import { Kronus } from './harness.ts';

it('a flood of one caller is held back, and disturbs nobody who is looked after', async () => {
  const kronus = await Kronus.start({
    env: { KRONUS_LIMITS_ENABLED: 'true' },
  });
  const tony = await kronus.person();
  await tony.asksForCheck();
  await tony.phone.receives('are you okay');

  const statuses = { flood: new Set<number>(), forged: new Set<number>(), health: new Set<number>() };
  let isOver = false;
  const flood = async (into: Set<number>, method: string, path: string) => {
    while (!isOver) into.add((await kronus.call(method, path)).status);
  };
  const floods = Promise.all([
    ...Array.from({ length: 4 }, () => flood(statuses.flood, 'GET', '/v1/users')),
    ...Array.from({ length: 4 }, () => flood(statuses.forged, 'POST', '/webhook/sms')),
    flood(statuses.health, 'GET', '/health'),
  ]);
  await tony.phone.replies('no');
  await tony.phone.receives('Hang in there');
  await tony.contacts[0]!.receives("they're not okay");
  await tony.phone.receives('Reached out to Hulk');
  const me = await tony.account.call('GET', tony.path);
  isOver = true;
  await floods;

  expect(me.status).toBe(200);
  expect(statuses.flood).toEqual(new Set([401, 429]));
  expect(statuses.forged).toEqual(new Set([401, 429]));
  expect(statuses.health).toEqual(new Set([200]));
  await tony.contacts[0]!.replies('1');
  await tony.contacts[0]!.receives("you're on it");
  await tony.phone.receives('Hulk');
  await kronus.endStory();
  await kronus.stop();
}, 120_000);

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { migrate } from '#libs/db/migrate';
import { ormConfig } from '#libs/db/orm.config';
import { createTestDatabase } from '#libs/testing/test-servers';
import { createSendingPace } from './sending-pace.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let orm: MikroORM;
beforeAll(async () => {
  database = await createTestDatabase('pace');
  orm = await MikroORM.init(ormConfig(database.url, 20));
  await migrate(orm);
});
afterAll(async () => {
  await orm.close();
  await database.drop();
});

it('several workers together never send faster than the pace', async () => {
  const workers = [createSendingPace(orm, 50), createSendingPace(orm, 50)];
  const since = performance.now();
  await Promise.all(Array.from({ length: 20 }, (_, index) => workers[index % 2]!()));
  // The first goes at once, each of the others 20 ms after the one before; timers may be a millisecond early.
  expect(performance.now() - since).toBeGreaterThan(19 * 20 - 2);
});

it('a pause is not made up for', async () => {
  const turn = createSendingPace(orm, 50);
  await turn();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const since = performance.now();
  await Promise.all([turn(), turn(), turn()]);
  expect(performance.now() - since).toBeGreaterThan(2 * 20 - 2);
});

it('without a limit nobody waits, and nothing is written', async () => {
  const em = orm.em.fork();
  const before = await em.execute('select next_at from sending_pace');
  await createSendingPace(orm, null)();
  expect(await em.execute('select next_at from sending_pace')).toEqual(before);
});

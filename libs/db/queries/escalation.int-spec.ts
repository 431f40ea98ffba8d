import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAlert, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { createTestDatabase } from '#libs/testing/test-servers';
import { Message } from '../entities/message.entity.ts';
import { migrate } from '../migrate.ts';
import { ormConfig } from '../orm.config.ts';
import { loadEscalation } from './escalation.ts';

describe('an escalation on record', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let orm: MikroORM;
  beforeAll(async () => {
    database = await createTestDatabase('escalation');
    orm = await MikroORM.init(ormConfig(database.url));
    await migrate(orm);
  });
  afterAll(async () => {
    await orm.close();
    await database.drop();
  });

  it('never takes an alert that the carrier gave up for one that was received', async () => {
    const em = orm.em.fork();
    const user = await createUser(em);
    const [hulk, thor] = [await createContact(em, user.id), await createContact(em, user.id)];
    const probe = await createProbe(em, user.id, 'unavailable');
    const lost = await createAlert(em, probe, hulk.id);
    await createAlert(em, probe, thor.id);
    const read = async () => (await loadEscalation(orm.em.fork(), probe.id, 60_000))!;
    expect((await read()).alertedContactIds).toEqual([hulk.id, thor.id]);

    await em.nativeUpdate(Message, { id: lost.messageId }, { status: 'undelivered' });
    const { alertedContactIds, state } = await read();
    expect(alertedContactIds).toEqual([thor.id]);
    expect(state.alerts.map((alert) => alert.isFailed)).toEqual([true, false]);
  });
});

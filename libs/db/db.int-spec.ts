import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { createTestDatabase } from '#libs/testing/test-servers';
import { migrate } from './migrate.ts';
import { ormConfig } from './orm.config.ts';
import { currentRequestId, onBehalfOf } from './request-id.ts';
import { Wakeups, type OwedSignal } from './queries/wakeups.ts';

describe('the database', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let orm: MikroORM;
  beforeAll(async () => {
    database = await createTestDatabase('db');
    orm = await MikroORM.init(ormConfig(database.url));
  });
  afterAll(async () => {
    await orm.close();
    await database.drop();
  });

  it('is migrated up by one of several processes that start at once, and all the way down again', async () => {
    const others = await Promise.all([1, 2, 3].map(() => MikroORM.init(ormConfig(database.url))));
    await Promise.all(others.map((each) => migrate(each)));
    await Promise.all(others.map((each) => each.close()));
    expect(await orm.em.fork().execute('select name from clients')).toEqual([{ name: 'default' }]);
    await orm.migrator.down({ to: 0 });
    const left = await orm.em
      .fork()
      .execute<{ table_name: string }[]>(
        `select table_name from information_schema.tables where table_schema = 'public'`,
      );
    expect(left.map((row) => row.table_name)).toEqual(['migrations']);
    await migrate(orm);
  });

  it('takes those who are emergency contacts before an upgrade for told, and texts nobody', async () => {
    const consent = 'migration-20261125110000';
    await orm.migrator.up();
    await orm.migrator.down({ to: 'migration-20261121120000' });
    await orm.em.fork().execute(`
      with person as (
        insert into users (uuid, client_id, email, role_id, created_at, updated_at)
        values (gen_random_uuid(), 1, 'tony@example.org', 2, now(), now()) returning id
      )
      insert into contacts (user_id, first_name, last_name, phone_number, email, is_emergency_contact, created_at, updated_at)
      select id, 'Bruce', 'Banner', '+1555000000' || n, n || '@example.org', n = 1, now(), now() from person, generate_series(1, 2) n`);
    await orm.migrator.up({ to: consent });
    expect(await orm.em.fork().execute(`select phone_number, message_id, answer from consents`)).toEqual([
      { phone_number: '+15550000001', message_id: null, answer: null },
    ]);
    expect(await orm.em.fork().execute(`select 1 from messages`)).toEqual([]);
    await orm.em.fork().execute(`delete from users`);
    await orm.migrator.up();
  });

  it('has a column for every property of every entity', async () => {
    await migrate(orm);
    for (const entity of Object.values([...orm.getMetadata().getAll().values()])) {
      await expect(orm.em.fork().findAll(entity.class, { limit: 1 })).resolves.toBeDefined();
    }
  });

  describe('owed signals', () => {
    const owed: OwedSignal = { kind: 'probe', entityId: 7, signal: 'reply' };
    const count = async () => (await orm.em.fork().execute('select 1 from wakeups')).length;
    beforeEach(async () => {
      await migrate(orm);
      await orm.em.fork().execute('delete from wakeups');
    });

    it('go with the change that they announce', async () => {
      const wakeups = new Wakeups(
        orm,
        async () => undefined,
        () => undefined,
      );
      const change = orm.em.fork().transactional(async (em) => {
        await wakeups.record(em, owed);
        throw new Error('the change failed');
      });
      await expect(change).rejects.toThrow('the change failed');
      expect(await count()).toBe(0);
    });

    it('stay owed until they are delivered, and are delivered by whoever tidies up', async () => {
      const sent: OwedSignal[] = [];
      const errors: unknown[] = [];
      let isDown = true;
      const send = async (signal: OwedSignal) => {
        if (isDown) throw new Error('down');
        sent.push(signal);
      };
      const wakeups = new Wakeups(orm, send, (error) => errors.push(error));
      await onBehalfOf('request-1', () => wakeups.record(orm.em.fork(), owed));
      wakeups.deliver('probe', 7);
      await wakeups.drain();
      expect([errors.length, await count()]).toEqual([1, 1]);
      isDown = false;
      expect(await wakeups.deliverAll()).toBe(1);
      await wakeups.close();
      expect([sent, await count()]).toEqual([[{ ...owed, requestId: 'request-1' }], 0]);
    });

    it('are delivered by the same process as soon as it can, alarms first, and told of once', async () => {
      const sent: string[] = [];
      const errors: unknown[] = [];
      let isDown = true;
      const send = async ({ kind, entityId }: OwedSignal) => {
        if (isDown) throw new Error('down');
        sent.push(`${kind}/${entityId}`);
      };
      // On one connection deliveries go out in the order in which they begin.
      const queued = await MikroORM.init(ormConfig(database.url, 1));
      const wakeups = new Wakeups(queued, send, (error) => errors.push(error));
      const people = Array.from({ length: 20 }, (_, index) => index + 1);
      for (const entityId of people) {
        await wakeups.record(orm.em.fork(), { kind: 'probe', entityId, signal: 'reply' });
      }
      await wakeups.record(orm.em.fork(), { kind: 'escalation', entityId: 5, signal: 'raised' });
      for (const entityId of people) wakeups.deliver('probe', entityId);
      await wakeups.drain();
      isDown = false;
      expect([errors.length, sent]).toEqual([1, []]);
      while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(sent[0]).toBe('escalation/5');
      expect(new Set(sent).size).toBe(21);
      await wakeups.close();
      await queued.close();
    });

    it('are delivered on behalf of the request that asked, whoever went before, and on nobody’s when tried again', async () => {
      const sent = new Map<number, string | undefined>();
      let isDown = false;
      const send = async ({ entityId }: OwedSignal) => {
        if (isDown) throw new Error('down');
        sent.set(entityId, currentRequestId());
      };
      const wakeups = new Wakeups(orm, send, () => undefined);
      // More than go at a time, so that some begin when others end.
      const people = Array.from({ length: 20 }, (_, index) => index + 1);
      const record = (entityId: number) =>
        wakeups.record(orm.em.fork(), { kind: 'probe', entityId, signal: 'reply' });
      const deliver = (entityId: number) =>
        onBehalfOf(`request-${entityId}`, () => wakeups.deliver('probe', entityId));
      for (const entityId of people) await record(entityId);
      for (const entityId of people) deliver(entityId);
      await wakeups.drain();
      expect([...sent].filter(([id, request]) => request !== `request-${id}`)).toEqual([]);
      expect(sent.size).toBe(20);

      isDown = true;
      sent.clear();
      await record(21);
      deliver(21);
      await wakeups.drain();
      isDown = false;
      while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect([...sent]).toEqual([[21, undefined]]);
      await wakeups.close();
    });

    it('go to alarms first, then to checks, and to drills last', async () => {
      const [one, others, all] = [1, 2, 3].map(() => Promise.withResolvers<void>());
      const sent: string[] = [];
      // Eight go at a time: seven are held up, so that the rest go one after the other.
      const send = async ({ kind, entityId }: OwedSignal) => {
        if (entityId <= 8) return (entityId === 1 ? one : others)!.promise;
        if (sent.push(kind) === 3) all!.resolve();
      };
      const wakeups = new Wakeups(orm, send, () => undefined);
      const owe = async (signal: OwedSignal) => {
        await wakeups.record(orm.em.fork(), signal);
        wakeups.deliver(signal.kind, signal.entityId);
      };
      for (let entityId = 1; entityId <= 8; entityId++) await owe({ ...owed, entityId });
      for (const kind of ['drill', 'probe', 'escalation'] as const) await owe({ ...owed, kind, entityId: 9 });
      one!.resolve();
      await all!.promise;
      others!.resolve();
      await wakeups.close();
      expect(sent).toEqual(['escalation', 'probe', 'drill']);
    });

    it('are delivered again when the change was changed meanwhile', async () => {
      const sent: OwedSignal[] = [];
      const wakeups: Wakeups = new Wakeups(
        orm,
        async (signal) => {
          sent.push(signal);
          if (sent.length > 1) return;
          await wakeups.record(orm.em.fork(), { ...owed, signal: 'settingsChanged' });
          wakeups.deliver('probe', 7);
        },
        (error) => {
          throw error;
        },
      );
      await wakeups.record(orm.em.fork(), owed);
      wakeups.deliver('probe', 7);
      await wakeups.drain();
      expect(sent.map((each) => each.signal)).toEqual(['reply', 'settingsChanged']);
      expect(await count()).toBe(0);
    });
  });
});

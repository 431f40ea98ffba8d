import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startOwner } from '#libs/embedded/owner.fixture';
import { testPostgresUrl } from '#libs/testing/test-servers';
import {
  archiveOf,
  clientDatabase,
  coreDatabase,
  createOwner,
  migrationsWith,
  NAME,
  onDatabase,
  PASS_PHRASE,
  rowsOf,
  TestStore,
  type Owner,
} from './backup.fixture.ts';
import type { Manifest } from './manifest.ts';
import { proveRestore } from './prove-restore.ts';
import { restoreBackup, type Restored, type RestoreOptions } from './restore-backup.ts';
import { dropDatabase } from './scratch-databases.ts';

const scratchDir = mkdtempSync(join(tmpdir(), 'kronus-restore-'));
afterAll(() => rmSync(scratchDir, { recursive: true }));

describe('a restore, as the owner of the databases', () => {
  let owner: Owner;
  let core: { name: string; url: string };
  let client: { name: string; url: string };
  let made: { object: Buffer; manifest: Manifest };
  let store: TestStore;
  let options: RestoreOptions;

  beforeAll(async () => {
    owner = await createOwner();
    core = await coreDatabase(owner);
    client = await clientDatabase(owner);
    made = await archiveOf([
      { name: 'kronus', url: core.url },
      { name: client.name, url: client.url },
    ]);
  }, 60_000);
  afterAll(() => owner.drop());
  const newOptions = (): RestoreOptions => {
    store = new TestStore();
    store.objects.set(NAME, made.object);
    const source = { store, name: NAME, passPhrase: PASS_PHRASE, scratchDir };
    return { ...source, adminUrl: core.url, migrate: migrationsWith(client.name) };
  };
  beforeEach(() => {
    options = newOptions();
  });
  /** Nothing beside the two live databases, whose state is `users` and `odds` rows. */
  const expectUntouched = async (users: number): Promise<void> => {
    expect(await owner.databases()).toEqual([client.name, core.name]);
    expect(await countOf(core.url, 'users')).toBe(users);
    expect(readdirSync(scratchDir)).toEqual([]);
  };
  const countOf = async (url: string, table: string): Promise<number> =>
    Number((await rowsOf<{ n: string }>(url, `select count(*) as n from ${table}`))[0]!.n);
  /** Ends with the two live databases and none beside them. */
  const dropBefore = async (): Promise<void> => {
    for (const each of await owner.databases()) {
      if (each.includes('_before_'))
        await onDatabase(owner.serverUrl, (server) => dropDatabase(server, each));
    }
  };

  describe('that went well', () => {
    let before: { schema: unknown[]; odds: unknown[] };
    let restored: Restored;
    const prepared: string[] = [];
    const said: string[] = [];
    let endOfOldConnection: Promise<Error>;

    const schema = (url: string) =>
      rowsOf(
        url,
        `select pg_get_indexdef(indexrelid) as it from pg_index
         where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
         union all
         select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'public'::regnamespace
         union all
         select pg_get_triggerdef(oid) || ' ' || tgenabled::text from pg_trigger where not tgisinternal
         order by 1`,
      );
    const odds = () =>
      rowsOf(
        client.url,
        `select id, text, number::text, float::text, real::text, moment::text, day::text, span::text, json::text,
           texts::text, bytes::text, yes, uuid, long, doubled::text, "order" from odds order by id`,
      );
    beforeAll(async () => {
      before = { schema: await schema(core.url), odds: await odds() };
      await rowsOf(core.url, `delete from users where id > 10`);
      await rowsOf(client.url, `truncate odds`);
      const old = new pg.Client({ connectionString: core.url });
      endOfOldConnection = new Promise<Error>((resolve) => old.on('error', resolve));
      await old.connect();
      restored = await restoreBackup({
        ...newOptions(),
        prepareDatabase: async (url) => void prepared.push(new URL(url).pathname.replace(/_\d{17}$/, '')),
        say: (text) => said.push(text),
      });
    }, 60_000);

    it('brought every row of every database back', async () => {
      const again = await archiveOf([
        { name: 'kronus', url: core.url },
        { name: client.name, url: client.url },
      ]);
      expect(again.manifest.databases[0]).toEqual(made.manifest.databases[0]);
      const tables = (each: Manifest) =>
        each.databases[1]!.tables.filter(({ name }) => name !== 'odds' && name !== 'migrations');
      expect(tables(again.manifest)).toEqual(tables(made.manifest));
    });

    it('gives the same value for every value', async () => {
      expect(before.odds).toHaveLength(25);
      expect(await odds()).toEqual(before.odds);
    });

    it('kept what was there, and says under which name', async () => {
      const { manifest, previousDatabase } = restored;
      expect(manifest).toEqual(made.manifest);
      expect(previousDatabase).toMatch(new RegExp(`^${core.name}_before_\\d{17}$`));
      expect((await owner.databases()).map((name) => name.replace(/_\d{17}$/, ''))).toEqual([
        client.name,
        `${client.name}_before`,
        core.name,
        `${core.name}_before`,
      ]);
      expect(await countOf(testPostgresUrl(previousDatabase!), 'users')).toBe(10);
    });

    it('prepared each database before it went live, and said what it did', () => {
      expect(prepared).toEqual([`/${core.name}_restore`, `/${client.name}_restore`]);
      expect(said).toContain('putting it in the place of the live database');
    });

    it('ended the connections to the live database', async () => {
      expect((await endOfOldConnection).message).toMatch(/terminat/);
    });

    it('has the schema of a database that was migrated', async () => {
      expect(before.schema.length).toBeGreaterThan(100);
      expect(await schema(core.url)).toEqual(before.schema);
    });

    it('brought a database of an earlier version up to this one', async () => {
      expect(await rowsOf(client.url, `select name from migrations order by id`)).toEqual([
        { name: 'client-1' },
        { name: 'client-2' },
      ]);
      expect(await rowsOf(client.url, `select later from odds limit 1`)).toEqual([{ later: null }]);
    });

    it('goes on with ids, sequences, triggers and foreign keys', async () => {
      const [person] = await rowsOf<{ id: number }>(
        core.url,
        `insert into users (uuid, client_id, email, role_id, created_at, updated_at)
         values (gen_random_uuid(), 1, 'next@example.org', 2, now(), now()) returning id`,
      );
      expect(person!.id).toBe(201);
      await rowsOf(core.url, `update messages set status = 'delivered', status_rank = 4 where id = 1`);
      expect(await rowsOf(core.url, `select status from message_events where message_id = 1`)).toEqual([
        { status: 'delivered' },
      ]);
      const orphan = `insert into probe_settings (user_id, created_at, updated_at) values (999, now(), now())`;
      await expect(rowsOf(core.url, orphan)).rejects.toThrow(/foreign key/);
      await expect(rowsOf(client.url, `insert into odds (text) values ('x')`)).rejects.toThrow('never');
      await expect(rowsOf(client.url, `update hens set egg_id = 99`)).rejects.toThrow(/foreign key/);
      expect(await rowsOf(client.url, `select nextval('loose')`)).toEqual([{ nextval: '13' }]);
    });

    // As it was for the others.
    afterAll(async () => {
      await rowsOf(core.url, `delete from users where id = 201`);
      await dropBefore();
    });
  });

  describe('beside that', () => {
    afterEach(dropBefore);

    it('makes the database when there is none', async () => {
      const elsewhere = new URL(core.url);
      elsewhere.pathname = `/${core.name}_new`;
      const { previousDatabase } = await restoreBackup({ ...options, adminUrl: elsewhere.href });
      expect(previousDatabase).toBeNull();
      expect(await countOf(elsewhere.href, 'users')).toBe(200);
      await rowsOf(owner.serverUrl, `drop database "${core.name}_new"`);
    });

    it('is proven without a change', async () => {
      const { manifest, tookMs } = await proveRestore(options);
      expect(manifest).toEqual(made.manifest);
      expect(tookMs).toBeGreaterThan(0);
      await expectUntouched(200);
    });

    it('leaves everything as it was when the last step before the swap fails', async () => {
      const prepareDatabase = (url: string) => rowsOf(url, 'select 1 / 0 from users').then(() => undefined);
      await expect(restoreBackup({ ...options, prepareDatabase })).rejects.toMatchObject({
        name: 'BackupFault',
        code: 'database',
        message: 'PostgreSQL could not do it on kronus (SQLSTATE 22012).',
      });
      await expectUntouched(200);
    });

    it('is refused to a role that may not create databases', async () => {
      await rowsOf(testPostgresUrl(), `alter role ${owner.name} nocreatedb`);
      await expect(restoreBackup(options)).rejects.toMatchObject({ code: 'refused' });
      await rowsOf(testPostgresUrl(), `alter role ${owner.name} createdb`);
      await expectUntouched(200);
    });

    it('runs once at a time on a server', async () => {
      let during: unknown;
      await restoreBackup({
        ...options,
        prepareDatabase: async () => {
          during ??= await restoreBackup(options).catch((error: unknown) => error);
        },
      });
      expect(during).toMatchObject({ code: 'busy' });
    }, 60_000);

    it.each([
      ['while it loads', `say: (text) => text === 'loading kronus/messages.csv' && stopHere()`],
      ['just before the swap', 'prepareDatabase: async () => stopHere()'],
    ])(
      'that is killed %s leaves everything as it was, and the next one cleans up',
      async (_when, moment) => {
        const copy = join(scratchDir, 'object');
        writeFileSync(copy, made.object);
        const killed = await startOwner<boolean>(`
      import { createReadStream } from 'node:fs';
      const { restoreBackup } = await import('#libs/backup/restore-backup');
      const { coreMigrations } = await import('#libs/backup/migrations');
      const stopHere = () => (report(true), Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
      const store = { place: 'here', get: async () => createReadStream(${JSON.stringify(copy)}) };
      await restoreBackup({
        store, name: 'object', passPhrase: ${JSON.stringify(PASS_PHRASE)}, scratchDir: ${JSON.stringify(scratchDir)},
        adminUrl: ${JSON.stringify(core.url)}, migrate: { ...coreMigrations, known: () => [...coreMigrations.known('kronus'), 'client-1'] },
        ${moment},
      });`);
        const during = await owner.databases();
        await killed.kill();
        expect(during.filter((name) => name.startsWith(`${core.name}_restore_`))).toHaveLength(1);
        rmSync(copy);
        expect(readdirSync(scratchDir)).toEqual([]);
        expect(await countOf(core.url, 'users')).toBe(200);

        const said: string[] = [];
        const { previousDatabase } = await restoreBackup({ ...options, say: (text) => said.push(text) });
        expect(said.filter((text) => text.startsWith('dropped what an earlier restore left'))).toHaveLength(
          1,
        );
        expect((await owner.databases()).filter((name) => name.includes('_restore_'))).toEqual([]);
        expect(await countOf(testPostgresUrl(previousDatabase!), 'users')).toBe(200);
        expect(await countOf(core.url, 'users')).toBe(200);
      },
      60_000,
    );

    it('leaves out a table that no migration made, and says so', async () => {
      await rowsOf(core.url, 'create table notes (text text)');
      await rowsOf(core.url, `insert into notes values ('by hand')`);
      const { object } = await archiveOf([{ name: 'kronus', url: core.url }]);
      await rowsOf(core.url, 'drop table notes');
      store.objects.set(NAME, object);
      const said: string[] = [];
      await restoreBackup({ ...options, say: (text) => said.push(text) });
      expect(said).toContain('left out: kronus/notes.csv, which no migration of Kronus made');
      expect(await countOf(core.url, 'users')).toBe(200);
    });

    it('is refused when the archive lacks what its schema has', async () => {
      await rowsOf(core.url, 'alter table wakeups rename to waking');
      const { object } = await archiveOf([{ name: 'kronus', url: core.url }]);
      await rowsOf(core.url, 'alter table waking rename to wakeups');
      store.objects.set(NAME, object);
      await expect(restoreBackup(options)).rejects.toMatchObject({
        code: 'foreign',
        message: expect.stringContaining('it lacks the table kronus.wakeups'),
      });
      await expectUntouched(200);
    });

    it('is refused when what lies in the database is not what the archive holds', async () => {
      const migrate = migrationsWith(client.name);
      const run: typeof migrate.run = async (database, url, names) => {
        await migrate.run(database, url, names);
        if (database === client.name)
          await rowsOf(url, 'alter table odds alter column moment type timestamptz(0)');
      };
      await expect(restoreBackup({ ...options, migrate: { ...migrate, run } })).rejects.toMatchObject({
        code: 'different',
        message: expect.stringContaining(`${client.name}.odds`),
      });
      await expectUntouched(200);
    });

    it('can be called off at any moment', async () => {
      for (const moment of [
        /^downloading/,
        /^verifying kronus\/users/,
        /^loading kronus\/messages/,
        /^comparing/,
      ]) {
        const stop = new AbortController();
        const say = (text: string) => void (moment.test(text) && stop.abort());
        await expect(restoreBackup({ ...options, signal: stop.signal, say })).rejects.toMatchObject({
          code: 'cancelled',
        });
      }
      await expectUntouched(200);
    }, 60_000);

    it('breaks with a sentence when its connection is cut, and leaves everything as it was', async () => {
      const cut = async () => {
        const sql = `select pg_terminate_backend(pid) from pg_stat_activity where datname like '${core.name}_restore_%'`;
        await onDatabase(testPostgresUrl(), (admin) => admin.query(sql));
      };
      const cuts: Promise<void>[] = [];
      const say = (text: string) => void (text === 'loading kronus/messages.csv' && cuts.push(cut()));
      await expect(restoreBackup({ ...options, say })).rejects.toMatchObject({
        name: 'BackupFault',
        code: 'database',
      });
      await Promise.all(cuts);
      await expectUntouched(200);
    });
  });
});

import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import pg from 'pg';
import { coreMigrations, type Migrations } from '#libs/backup/migrations';
import { verifyBackup } from '#libs/backup/verify-backup';
import { Backup } from '#libs/db/entities/backup.entity';
import { Message } from '#libs/db/entities/message.entity';
import { migrate } from '#libs/db/migrate';
import { ormConfig } from '#libs/db/orm.config';
import { beginBackup, readBackupState, settleRestored } from '#libs/db/queries/backups';
import { backupName, type BackupKind } from '#libs/domain/backup';
import { FolderObjectStore } from '#libs/storage/folder.object-store';
import { TestClock } from '#libs/testing/clock';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { createTestDatabase, testPostgresUrl } from '#libs/testing/test-servers';
import { BackupMaker } from './backup-maker.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const passPhrase = 'correct horse';
const folder = mkdtempSync(join(tmpdir(), 'kronus-maker-'));

/** A folder that can be made to fail. */
class TestStore extends FolderObjectStore {
  /** What happens instead of the next upload. */
  instead: ((content: Readable, signal?: AbortSignal) => Promise<never>) | undefined;

  override put(name: string, content: Readable, signal?: AbortSignal) {
    const { instead } = this;
    this.instead = undefined;
    return instead ? instead(content, signal) : super.put(name, content, signal);
  }
}

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let orm: MikroORM;
let clock: TestClock;
let store: TestStore;
let maker: BackupMaker;
beforeAll(async () => {
  database = await createTestDatabase('maker');
  orm = await MikroORM.init(ormConfig(database.url));
  await migrate(orm);
  await createUser(orm.em.fork());
});
afterAll(async () => {
  await orm.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await orm.em.fork().execute('truncate backups');
  clock = new TestClock(new Date('2026-11-25T12:00:00Z'));
  store = new TestStore(mkdtempSync(join(folder, 'store-')));
  maker = makerWith();
});

const makerWith = (readOnlyUrl = database.url, migrations: Migrations = coreMigrations) =>
  new BackupMaker({
    orm,
    store,
    clock,
    passPhrase,
    databases: { readOnlyUrl, adminUrl: database.url },
    retentionDays: 2,
    scratchDir: join(folder, 'scratch'),
    kronusVersion: '1.2.3',
    migrations,
  });
const row = (id: string) => orm.em.fork().findOneOrFail(Backup, { id });
const stored = async () => (await store.list()).map(({ name }) => name).sort();
const make = (kind: BackupKind = 'scheduled', id: string = randomUUID()) => maker.make({ id, kind });
const later = (ms: number) => clock.set(new Date(clock.now().getTime() + ms));

it('makes a backup that holds everything, and records it', async () => {
  const made = (await make())!;
  expect(made).toMatchObject({
    name: 'kronus_dump_2026-11-25-12_00_00.tar.zst.gpg',
    bytes: expect.any(Number),
  });
  const source = { store, name: made.name, passPhrase, scratchDir: join(folder, 'scratch') };
  const manifest = await verifyBackup(source);
  expect(manifest.kronus_version).toBe('1.2.3');
  expect(manifest.databases[0]!.tables.find(({ name }) => name === 'users')!.rows).toBe(1);
  expect(await row(made.id)).toMatchObject({
    status: 'succeeded',
    kind: 'scheduled',
    attempts: 1,
    name: made.name,
    bytes: made.bytes,
    error: null,
    startedAt: clock.now(),
    summary: {
      kronusVersion: '1.2.3',
      databases: [{ name: 'kronus', tables: manifest.databases[0]!.tables.length }],
    },
  });
});

it('is not made twice under one id', async () => {
  const made = (await make('manual'))!;
  later(5_000);
  expect(await make('manual', made.id)).toEqual(made);
  expect(await stored()).toEqual([made.name]);
});

it('records a failed attempt with a sentence, leaves nothing, and the next one makes it', async () => {
  const id = randomUUID();
  store.instead = (content) => {
    content.destroy();
    return Promise.reject(Object.assign(new Error('disk /dev/sda1 …'), { code: 'EIO' }));
  };
  await expect(make('scheduled', id)).rejects.toThrow('disk');
  expect(await row(id)).toMatchObject({
    status: 'running',
    attempts: 1,
    name: null,
    error: 'It failed for a reason that nobody foresaw (Error).',
  });
  expect(await stored()).toEqual([]);
  later(5_000);
  const made = (await make('scheduled', id))!;
  expect(await row(id)).toMatchObject({ status: 'succeeded', attempts: 2, name: made.name, error: null });
});

it('records why the last attempt failed when it is given up', async () => {
  const id = randomUUID();
  const gone = new URL(database.url);
  gone.pathname = '/no_such_database';
  maker = makerWith(gone.href);
  await expect(make('scheduled', id)).rejects.toMatchObject({ name: 'BackupFault' });
  await maker.giveUp(id, 'It was not finished in time.');
  const failed = await row(id);
  expect(failed).toMatchObject({ status: 'failed', endedAt: clock.now(), name: null });
  expect(failed.error).toMatch(/^PostgreSQL .*3D000/);
  await maker.giveUp(id, 'again');
  expect((await row(id)).error).toBe(failed.error);
  expect(await readBackupState(orm.em.fork(), clock.now())).toMatchObject({
    lastSucceededAt: null,
    lastFailedAt: clock.now(),
    failedToday: 1,
  });
});

it('is called off by its signal, in the middle, and leaves nothing', async () => {
  const id = randomUUID();
  const leaving = new AbortController();
  const reached = Promise.withResolvers<void>();
  store.instead = (content, signal) => {
    reached.resolve();
    return new Promise((_, reject) =>
      signal!.addEventListener('abort', () => {
        content.destroy();
        reject(signal!.reason);
      }),
    );
  };
  const making = maker.make({ id, kind: 'shutdown', signal: leaving.signal });
  await reached.promise;
  leaving.abort();
  await expect(making).rejects.toMatchObject({ name: 'AbortError' });
  expect((await row(id)).error).toBe('It was called off before its end.');
  expect(await stored()).toEqual([]);
});

it('is one at a time, but the last one of a process waits for nobody', async () => {
  const running = randomUUID();
  await beginBackup(orm.em.fork(), { id: running, kind: 'scheduled', now: clock.now() });
  expect(await make('manual')).toBeNull();
  expect(await make('scheduled')).toBeNull();
  expect(await orm.em.fork().count(Backup)).toBe(1);
  expect(await make('shutdown')).not.toBeNull();
});

it('does not wait for one that fell silent', async () => {
  const silent = randomUUID();
  await beginBackup(orm.em.fork(), { id: silent, kind: 'scheduled', now: clock.now() });
  later(9 * MINUTE_MS);
  expect(await make()).toBeNull();
  later(2 * MINUTE_MS);
  expect(await make()).not.toBeNull();
  expect(await row(silent)).toMatchObject({
    status: 'failed',
    error: 'It was cut off.',
    endedAt: clock.now(),
  });
});

it('takes every database of a client along that could be restored', async () => {
  const name = `client_${process.pid}${Date.now()}`;
  const admin = new pg.Client({ connectionString: testPostgresUrl() });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const client = new pg.Client({ connectionString: testPostgresUrl(name) });
  await client.connect();
  await client.query('create table commits (id int primary key)');
  await client.query('insert into commits select generate_series(1, 7)');
  await client.end();
  try {
    const without = (await make())!;
    expect((await row(without.id)).summary!.databases.map((each) => each.name)).toEqual(['kronus']);
    later(MINUTE_MS);
    const known = (each: string) => (each === name ? [] : coreMigrations.known(each));
    maker = makerWith(database.url, { ...coreMigrations, known });
    const { id } = (await make())!;
    expect((await row(id)).summary!.databases).toEqual(
      expect.arrayContaining([{ name, lastMigration: null, tables: 1, rows: 7 }]),
    );
  } finally {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
});

it('removes what is too old, never the newest good one, and nothing that is not ours', async () => {
  const first = (await make())!;
  later(3 * DAY_MS);
  expect(await maker.removeExpired()).toEqual([]);
  writeFileSync(join(store.place, 'notes.txt'), 'mine');
  writeFileSync(
    join(store.place, backupName(new Date('2026-01-01T00:00:00Z'))),
    'of an earlier installation',
  );
  expect(await stored()).toHaveLength(3);
  expect(await maker.removeExpired()).toEqual([]);
  const second = (await make())!;
  expect(await maker.removeExpired()).toEqual([first.name]);
  expect(await stored()).toEqual([backupName(new Date('2026-01-01T00:00:00Z')), second.name, 'notes.txt']);
});

it('forgets what was recorded more than 90 days ago', async () => {
  const { id } = (await make())!;
  later(89 * DAY_MS);
  await maker.removeExpired();
  expect(await orm.em.fork().count(Backup, { id })).toBe(1);
  later(2 * DAY_MS);
  await maker.removeExpired();
  expect(await orm.em.fork().count(Backup, { id })).toBe(0);
});

it('proves the newest, and says when one cannot be restored', async () => {
  await expect(maker.prove()).rejects.toMatchObject({ code: 'missing' });
  const first = (await make())!;
  later(MINUTE_MS);
  expect(await maker.prove()).toMatchObject({ name: first.name, tookMs: expect.any(Number) });
  expect(await row(first.id)).toMatchObject({ provenAt: clock.now(), proofError: null });
  expect(await readBackupState(orm.em.fork(), clock.now())).toMatchObject({
    lastProvenAt: clock.now(),
    disprovenAt: null,
  });

  later(MINUTE_MS);
  const second = (await make())!;
  const file = join(store.place, second.name);
  const bytes = readFileSync(file);
  bytes[bytes.length - 40]! ^= 1;
  writeFileSync(file, bytes);
  await expect(maker.prove()).rejects.toMatchObject({ name: 'BackupFault' });
  const disproven = await row(second.id);
  expect(disproven.provenAt).toBeNull();
  expect(disproven.proofError).toContain(second.name);
  expect(await readBackupState(orm.em.fork(), clock.now())).toMatchObject({ disprovenAt: clock.now() });

  // The newest good one is the first now, however old.
  later(30 * DAY_MS);
  expect(await maker.removeExpired()).toEqual([second.name]);
  expect(await stored()).toEqual([first.name]);
  expect(readdirSync(join(folder, 'scratch'))).toEqual([]);
});

it('proves one that the record does not know', async () => {
  const { name, bytes } = (await make())!;
  await orm.em.fork().execute('truncate backups');
  await maker.prove();
  const [known] = await orm.em.fork().find(Backup, {});
  expect(known).toMatchObject({ name, bytes, status: 'succeeded', provenAt: clock.now() });
});

it('takes texts that waited in a backup for sent, after its restore, until the sender has looked', async () => {
  const em = orm.em.fork();
  const probe = await createProbe(em, (await createUser(em)).id);
  const [waiting, delivered] = [await createMessage(em, probe), await createMessage(em, probe, 'delivered')];
  const settle = () => settleRestored(orm.em.fork(), { name: 'none', bytes: 0, now: clock.now() });
  await settle();
  await settle();
  const reread = ({ id }: Message) => orm.em.fork().findOneOrFail(Message, { id });
  expect(await reread(waiting)).toMatchObject({
    status: 'sending',
    statusRank: 1,
    sendingAt: waiting.createdAt,
  });
  expect(await reread(delivered)).toMatchObject({ status: 'delivered', sendingAt: null });
});

it('knows, after a restore, the backup that it came from', async () => {
  const [own, other] = [randomUUID(), randomUUID()];
  const em = orm.em.fork();
  const name = backupName(clock.now());
  await beginBackup(em, { id: own, kind: 'scheduled', now: clock.now() });
  await em.execute('update backups set name = ? where id = ?', [name, own]);
  await beginBackup(em, { id: other, kind: 'shutdown', now: clock.now() });
  later(MINUTE_MS);
  await settleRestored(orm.em.fork(), { name, bytes: 7, now: clock.now() });
  expect(await row(own)).toMatchObject({ status: 'succeeded', bytes: 7 });
  expect(await row(other)).toMatchObject({ status: 'failed', error: 'A backup was restored meanwhile.' });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPostgresUrl } from '#libs/testing/test-servers';
import {
  archiveOf,
  bytesOf,
  clientDatabase,
  coreDatabase,
  createOwner,
  NAME,
  NOW,
  ownDatabase,
  PASS_PHRASE,
  rowsOf,
  TestStore,
  type Owner,
} from './backup.fixture.ts';
import { verifyBackup } from './verify-backup.ts';
import { writeArchive } from './write-archive.ts';

const scratchDir = mkdtempSync(join(tmpdir(), 'kronus-backup-'));
let owner: Owner;
let core: { name: string; url: string };
let client: { name: string; url: string };
let made: Awaited<ReturnType<typeof archiveOf>>;
beforeAll(async () => {
  owner = await createOwner();
  core = await coreDatabase(owner);
  client = await clientDatabase(owner);
  made = await archiveOf([
    { name: 'kronus', url: core.url },
    { name: 'client_1', url: client.url },
  ]);
}, 60_000);
afterAll(async () => {
  await owner.drop();
  rmSync(scratchDir, { recursive: true });
});

const write = (change: Partial<Parameters<typeof writeArchive>[0]> = {}) => {
  const databases = [{ name: 'kronus', url: core.url }];
  return writeArchive({ databases, passPhrase: PASS_PHRASE, kronusVersion: '1.0.0', now: NOW, ...change });
};
const tablesOf = async (url: string): Promise<string[]> => {
  const sql = `select table_name::text as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name collate "C"`;
  return (await rowsOf<{ name: string }>(url, sql)).map(({ name }) => name);
};

const isThere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const missing = ['gpg', 'zstd', 'tar', 'sha256sum'].filter((program) => !isThere(program));
if (missing.length > 0)
  console.warn(`SKIPPED: opening an archive with standard programs, for want of ${missing.join(', ')}`);
const itWithPrograms = missing.length > 0 ? it.skip : it;

describe('an archive', () => {
  it('is read back, and leaves nothing on the disk', async () => {
    const store = new TestStore();
    store.objects.set(NAME, made.object);
    const manifest = await verifyBackup({ store, name: NAME, passPhrase: PASS_PHRASE, scratchDir });
    expect(manifest).toEqual(made.manifest);
    expect(readdirSync(scratchDir)).toEqual([]);
  });

  itWithPrograms('opens with gpg, zstd and tar, and its checksums are those of sha256sum', () => {
    const folder = mkdtempSync('/tmp/kgpg-');
    const home = join(folder, 'home');
    try {
      writeFileSync(join(folder, NAME), made.object);
      writeFileSync(join(folder, 'phrase'), PASS_PHRASE);
      const script = `set -eo pipefail; mkdir -m 700 home out
        gpg --homedir home --batch --quiet --pinentry-mode loopback --passphrase-file phrase -d ${NAME} | zstd -dc > plain.tar
        tar tvf plain.tar > listing; tar xf plain.tar -C out
        cd out && sha256sum */*.csv > ../sums`;
      execFileSync('bash', ['-c', script], { cwd: folder, stdio: ['ignore', 'inherit', 'pipe'] });
      const files = made.manifest.databases.flatMap(({ tables }) => tables);
      const listing = readFileSync(join(folder, 'listing'), 'utf8').trim().split('\n');
      expect(listing.map((line) => line.split(/\s+/).at(-1))).toEqual([
        'manifest.json',
        ...files.map((each) => each.file),
      ]);
      for (const line of listing) expect(line).toMatch(/^-rw------- 0\/0 +\d+ 2026-11-25 22:20 /);
      expect(JSON.parse(readFileSync(join(folder, 'out/manifest.json'), 'utf8'))).toEqual(made.manifest);
      const sums = readFileSync(join(folder, 'sums'), 'utf8').trim().split('\n').toSorted();
      expect(sums).toEqual(files.map((each) => `${each.sha256}  ${each.file}`).toSorted());
    } finally {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
      rmSync(folder, { recursive: true });
    }
  });

  it('holds everything that there is, in an order that can be loaded by hand', async () => {
    const [kronus] = made.manifest.databases;
    const names = kronus!.tables.map(({ name }) => name);
    expect(names.toSorted()).toEqual(await tablesOf(core.url));
    for (const [before, after] of [
      ['clients', 'users'],
      ['users', 'probes'],
      ['probes', 'messages'],
      ['sessions', 'refresh_tokens'],
    ]) {
      expect(names.indexOf(before!)).toBeLessThan(names.indexOf(after!));
    }
    expect(kronus!.tables.find(({ name }) => name === 'messages')).toMatchObject({ rows: 4000 });
    expect(kronus!.sequences).toContainEqual({ name: 'users_id_seq', last_value: '200', is_called: true });
    expect(made.manifest.databases[1]!.sequences).toContainEqual({
      name: 'loose',
      last_value: '10',
      is_called: true,
    });
  });
});

const FIRST_ROWS =
  'insert into first select gen_random_uuid(), gen_random_uuid() from generate_series(1, 100000)';

describe('writing an archive', () => {
  // More than fits into all the buffers on the way, so that the writer stands still in the first table until it is read.
  let big: { name: string; url: string };
  beforeAll(async () => {
    big = await ownDatabase('big', owner);
    await rowsOf(
      big.url,
      `create table first (one uuid, other uuid); ${FIRST_ROWS};
       create schema apart; create table apart.one ();
       create table second (it regclass); insert into second values ('apart.one')`,
    );
  });
  const connections = (): Promise<unknown[]> =>
    rowsOf(testPostgresUrl(), `select from pg_stat_activity where datname = '${big.name}'`);
  /** A connection is given back before the server notices. */
  const expectNoConnections = async (): Promise<void> => {
    const since = performance.now();
    while ((await connections()).length > 0) expect(performance.now() - since).toBeLessThan(10_000);
  };
  const cut = (): Promise<unknown> =>
    rowsOf(
      testPostgresUrl(),
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${big.name}'`,
    );
  /** Writes, does something in the middle of the first table, and only then reads. */
  const writeAndDo = async (inTheMiddle: () => unknown, signal?: AbortSignal) => {
    const written = write({ databases: [{ name: 'kronus', url: big.url }], signal });
    await once(written.content, 'readable');
    await inTheMiddle();
    return written;
  };

  it('shows one moment, whatever happens meanwhile', async () => {
    const change = `delete from first; insert into second values ('first')`;
    const { content, finished } = await writeAndDo(() => rowsOf(big.url, `begin; ${change}; commit`));
    await bytesOf(content);
    const { databases } = await finished;
    expect(databases[0]!.tables).toMatchObject([{ rows: 100_000 }, { rows: 1 }]);
    const { manifest } = await archiveOf([{ name: 'kronus', url: big.url }]);
    expect(manifest.databases[0]!.tables).toMatchObject([{ rows: 0 }, { rows: 2 }]);
    await rowsOf(big.url, FIRST_ROWS);
  });

  it('is given up when a table does not come out the same again', async () => {
    // A name is looked up when it is printed, so this is a value that changes within a snapshot.
    const { content, finished } = await writeAndDo(() =>
      rowsOf(big.url, 'alter table apart.one rename to other'),
    );
    await expect(bytesOf(content)).rejects.toMatchObject({
      name: 'BackupFault',
      code: 'different',
      message: expect.stringMatching(/^kronus\.second was read twice/),
    });
    await expect(finished).rejects.toMatchObject({ code: 'different' });
    await expectNoConnections();
  });

  it('ends when nobody reads any more', async () => {
    const { content, finished } = await writeAndDo(() => undefined);
    for await (const _ of content) break;
    await expect(finished).rejects.toMatchObject({ code: 'cancelled' });
    await expectNoConnections();
  });

  it('ends when nobody began to read', async () => {
    const { content, finished } = write({ databases: [{ name: 'kronus', url: big.url }] });
    content.destroy();
    await expect(finished).rejects.toMatchObject({ code: 'cancelled' });
    await expectNoConnections();
  });

  it('ends when it is called off', async () => {
    const stop = new AbortController();
    const { content, finished } = await writeAndDo(() => stop.abort(), stop.signal);
    await expect(bytesOf(content)).rejects.toMatchObject({ name: 'BackupFault', code: 'cancelled' });
    await expect(finished).rejects.toMatchObject({ code: 'cancelled' });
    await expectNoConnections();
  });

  it('ends when it is called off while it measures, or before', async () => {
    const stop = new AbortController();
    const say = (text: string) => void (text === 'measuring kronus/first.csv' && stop.abort());
    for (const signal of [stop.signal, AbortSignal.abort()]) {
      const { content, finished } = write({ databases: [{ name: 'kronus', url: big.url }], signal, say });
      await expect(bytesOf(content)).rejects.toMatchObject({ code: 'cancelled' });
      await expect(finished).rejects.toMatchObject({ code: 'cancelled' });
    }
    await expectNoConnections();
  });

  it('breaks with a sentence when its connection is cut', async () => {
    const { content, finished } = await writeAndDo(cut);
    await expect(bytesOf(content)).rejects.toMatchObject({
      name: 'BackupFault',
      code: 'database',
      message: expect.stringContaining('kronus'),
    });
    await expect(finished).rejects.toMatchObject({ code: 'database' });
  });

  it('says what is wrong when there is no such database, or no right to read it', async () => {
    const nowhere = write({
      databases: [{ name: 'kronus', url: 'postgresql://nobody@127.0.0.1:1/nothing' }],
    });
    await expect(bytesOf(nowhere.content)).rejects.toMatchObject({
      code: 'database',
      message: 'The connection to kronus broke (ECONNREFUSED): is PostgreSQL up?',
    });
    const stranger = await createOwner();
    try {
      const { content } = write({ databases: [{ name: 'kronus', url: stranger.as(core.url) }] });
      await expect(bytesOf(content)).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('42501'),
      });
    } finally {
      await stranger.drop();
    }
  });

  it('needs nothing but the right to read', async () => {
    const reader = await createOwner();
    try {
      await rowsOf(
        core.url,
        `grant select on all tables in schema public to ${reader.name}; grant select on all sequences in schema public to ${reader.name}`,
      );
      const { manifest } = await archiveOf([{ name: 'kronus', url: reader.as(core.url) }]);
      const { manifest: asOwner } = await archiveOf([{ name: 'kronus', url: core.url }]);
      expect(manifest).toEqual(asOwner);
    } finally {
      await rowsOf(
        core.url,
        `revoke all on all tables in schema public from ${reader.name}; revoke all on all sequences in schema public from ${reader.name}`,
      );
      await reader.drop();
    }
  });

  it('is refused when the disk for its copy is full', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kronus-full-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
    if (!mounted) console.warn('SKIPPED: a full disk, for want of the right to mount one');
    try {
      if (!mounted) return;
      const store = new TestStore();
      store.objects.set(NAME, made.object);
      expect(made.object.length).toBeGreaterThan(64 * 1024);
      await expect(
        verifyBackup({ store, name: NAME, passPhrase: PASS_PHRASE, scratchDir: folder }),
      ).rejects.toMatchObject({
        code: 'no_space',
        message: `There is no space left in ${folder} for a copy of the backup: free some, then try again.`,
      });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      if (mounted) spawnSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    }
  });
});

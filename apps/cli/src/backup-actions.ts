import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import { sentenceOf } from '#activities/backup-maker';
import { verifyBackup } from '#libs/backup/verify-backup';
import type { Config } from '#libs/config/config';
import { withDatabase } from '#libs/db/connect';
import { begunAtOf } from '#libs/domain/backup';
import type { DatabaseUrls } from '#libs/embedded/database';
import { Progress } from '#libs/embedded/progress';
import { openStore } from '#libs/storage/open-store';
import type { StoredObject } from '#libs/storage/object-store';
import { createBackupMaker, restore, scratchDirOf } from './backups.ts';
import { withDatabaseUrls, withOrm } from './database/with-database.ts';
import { asFault } from './fault.ts';

/** Makes a backup and removes those that are too old. @throws Error with `faults` */
export function backUpNow(config: Config): Promise<void> {
  return command(async (signal, progress) => {
    const store = await openStore(config.backup);
    const backUp = (databases: DatabaseUrls) => async (orm: MikroORM) => {
      const maker = createBackupMaker(config, { databases, orm, store });
      const id = randomUUID();
      const made = await progress.step(`Backup to ${store.place}`, async (say) => {
        const onProgress = (bytes: number) => say(`${formatBytes(bytes)} written`);
        return maker.make({ id, kind: 'manual', signal, onProgress, say }).catch(async (error: unknown) => {
          await maker.giveUp(id, sentenceOf(error)).catch(() => undefined);
          throw new Error(sentenceOf(error), { cause: error });
        });
      });
      if (!made) throw new Error('Another backup is being made; wait for it, or look at GET /v1/backups.');
      const removed = await maker.removeExpired();
      progress.line(`${made.name}  ${formatBytes(made.bytes)}, ${made.rows} rows`);
      for (const name of removed) progress.line(`${name}  was too old, and is removed`);
    };
    const say = (text: string) => progress.line(text);
    await withDatabaseUrls(config, (databases) => withOrm(databases, backUp(databases), say), progress);
  });
}

/** Prints what the store holds. @throws Error with `faults` */
export function listBackups(config: Config, { asJson }: { asJson: boolean }): Promise<void> {
  return command(async () => {
    const store = await openStore(config.backup);
    const backups = (await store.list()).filter(({ name }) => begunAtOf(name) !== null);
    if (asJson) {
      const shown = backups.map((each) => ({
        name: each.name,
        begun_at: begunAtOf(each.name),
        bytes: each.bytes,
      }));
      console.log(JSON.stringify(shown, null, 2));
      return;
    }
    if (backups.length === 0) console.log(`There are no backups in ${store.place}.`);
    else console.log(tableOf(backups));
  });
}

/** Reads all of a backup. @throws Error with `faults` */
export function verify(config: Config, name: string): Promise<void> {
  return command(async (signal, progress) => {
    const store = await openStore(config.backup);
    const source = { store, name, passPhrase: config.backup.passPhrase, scratchDir: scratchDirOf(config) };
    const { databases, kronus_version } = await progress.step(`Verify ${name}`, (say) =>
      verifyBackup({ ...source, signal, say }),
    );
    for (const { name: database, tables, migrations } of databases) {
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      progress.line(
        `${database}: ${tables.length} tables, ${rows} rows, schema ${migrations.at(-1) ?? 'unknown'}`,
      );
    }
    progress.line(`It is whole, and was made by Kronus ${kronus_version}.`);
  });
}

/** Puts a backup in the place of the database. @throws Error with `faults` */
export function restoreNamed(
  config: Config,
  name: string,
  { isConfirmed, isForced }: { isConfirmed: boolean; isForced: boolean },
): Promise<void> {
  return command(async (signal, progress) => {
    const store = await openStore(config.backup);
    if (!isConfirmed) await confirm(`Replace the database by ${name} of ${store.place}?`, signal);
    const replace = async ({ adminUrl }: DatabaseUrls) => {
      if (!isForced) await mustBeUnused(adminUrl);
      const { previousDatabase } = await progress.step(`Restore ${name}`, (say) =>
        restore({ config, store, name, adminUrl, signal, say }),
      );
      progress.line(nextSteps(previousDatabase));
    };
    await withDatabaseUrls(config, replace, progress);
  });
}

const nextSteps = (previousDatabase: string | null): string =>
  [
    ...(previousDatabase === null
      ? []
      : [
          `What was there before is kept as the database ${previousDatabase}. When it is not needed any more: drop database ${previousDatabase}.`,
        ]),
    'At its next start (or within a minute, where it runs) Kronus goes on from the restored record: checks that were waiting go on waiting, and answers that came since are read back from Twilio.',
  ].join('\n');

/**
 * Runs a command until its end or Ctrl-C. Whatever goes wrong is one sentence; a bug keeps its stack.
 * @throws Error with `faults`, which the caller prints
 */
async function command(work: (signal: AbortSignal, progress: Progress) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await work(stopping.signal, new Progress(process.stderr));
  } catch (error) {
    if (stopping.signal.aborted) throw Object.assign(new Error(), { faults: ['It was called off.'] });
    throw asFault(error);
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
  }
}

/** Somebody who is asked and says no, or cannot be asked, has not confirmed. */
async function confirm(question: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY) throw new Error('Nobody can be asked here: add --yes to restore.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `, { signal }).finally(() => terminal.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Nothing was changed.');
}

/** A Kronus that runs would lose what it wrote since, and be cut off in the middle. */
async function mustBeUnused(adminUrl: string): Promise<void> {
  const count = await withDatabase(adminUrl, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      // Server processes of its own have no user.
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null`,
    );
    return rows[0]!.count;
  });
  if (count > 0)
    throw new Error(
      `The database is in use (${count} connections): stop Kronus first, or add --force to end its connections.`,
    );
}

function tableOf(backups: readonly StoredObject[]): string {
  const rows = backups.map(({ name, bytes }) => [
    name,
    formatBytes(bytes),
    `${begunAtOf(name)!.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  ]);
  const all = [['NAME', 'SIZE', 'BEGUN'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A number of bytes for people: `312 B`, `4.5 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  while (value >= 1_000 && units.length > 1) {
    value /= 1_000;
    units.shift();
  }
  return `${units[0] === 'B' || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[0]}`;
}

import { systemClock } from '#libs/domain/clock';
import { archiveFault, databaseFault } from './backup-fault.ts';
import { databaseOfUrl, withConnection } from './connection.ts';
import { loadDatabase } from './load-database.ts';
import { CORE_DATABASE, type Manifest, type ManifestDatabase } from './manifest.ts';
import type { Migrations } from './migrations.ts';
import type { Archive } from './read-archive.ts';
import { besideName, ScratchDatabases, type ScratchUse, type Swap } from './scratch-databases.ts';
import { withArchive, type BackupSource } from './verify-backup.ts';

/** Where and how a backup is restored. */
export interface RestoreOptions extends BackupSource {
  /** The core database as its owner (`kronus_admin`, who may create databases); its name is that of the live database. */
  adminUrl: string;
  /** `coreMigrations` of migrations.ts, until there are other databases. */
  migrate: Migrations;
  /** Called with each database, by its name in the archive, before it goes live, as its owner. Safe to repeat. */
  prepareDatabase?: (url: string, name: string) => Promise<void>;
}

/** What a restore did. */
export interface Restored {
  manifest: Manifest;
  /** The name under which the former core database is kept; null when there was none. */
  previousDatabase: string | null;
}

/**
 * Puts a backup in the place of the live databases. Until the swap, which is one transaction, nothing is changed; on any
 * failure the live databases stay as they were. Ends the connections to them at the swap.
 * @throws BackupFault
 */
export const restoreBackup = (options: RestoreOptions): Promise<Restored> =>
  loadIntoScratch(options, 'restore', async ({ manifest, swaps, scratch }) => {
    options.say?.('putting it in the place of the live database');
    const existing = await scratch.swap(swaps);
    const core = swaps.find(({ live }) => live === databaseOfUrl(options.adminUrl));
    return { manifest, previousDatabase: core && existing.includes(core.live) ? core.before : null };
  });

/** A backup in databases of its own, complete and compared. */
export interface Loaded {
  manifest: Manifest;
  swaps: readonly Swap[];
  scratch: ScratchDatabases;
}

/**
 * Loads a backup into databases beside the live ones, and does some work with them. What is still beside them after that
 * is dropped, however it ends. Verifies all of the backup before it makes the first.
 * @throws BackupFault
 */
export function loadIntoScratch<T>(
  options: RestoreOptions,
  use: ScratchUse,
  work: (loaded: Loaded) => Promise<T>,
): Promise<T> {
  return withArchive(options, async (archive) => {
    expectKnown(archive.manifest, options);
    await archive.verify(options);
    const scratch = new ScratchDatabases(options.adminUrl, use, options.signal);
    const swaps = planSwaps(archive.manifest, options.adminUrl, use);
    return scratch.alone(async () => {
      const left = await scratch.sweep(swaps.map(({ live }) => live));
      if (left.length > 0) options.say?.(`dropped what an earlier ${use} left: ${left.join(', ')}`);
      try {
        await loadAll(archive, swaps, scratch, options);
        return await work({ manifest: archive.manifest, swaps, scratch });
      } finally {
        // What cannot be dropped now is swept by the next one; it must not hide how this one ended.
        for (const swap of swaps) await scratch.drop(swap.scratch).catch(() => undefined);
      }
    });
  });
}

/** Told before anything is made: what no migration of this version fits can not be restored by it. */
function expectKnown({ databases, kronus_version }: Manifest, { name, migrate }: RestoreOptions): void {
  for (const database of databases) {
    const known = migrate.known(database.name);
    if (!known) throw archiveFault.tooNew(name, `${kronus_version}, which has a database ${database.name}`);
    const unknown = database.migrations.find((migration) => !known.includes(migration));
    if (unknown) throw archiveFault.tooNew(name, `${kronus_version}, with the migration ${unknown}`);
  }
}

function planSwaps({ databases }: Manifest, adminUrl: string, use: ScratchUse): Swap[] {
  const now = systemClock.now();
  return databases.map(({ name }) => {
    const live = name === CORE_DATABASE ? databaseOfUrl(adminUrl) : name;
    return { live, scratch: besideName(live, use, now), before: besideName(live, 'before', now) };
  });
}

async function loadAll(
  archive: Archive,
  swaps: readonly Swap[],
  scratch: ScratchDatabases,
  options: RestoreOptions,
): Promise<void> {
  const tables = archive.tables(options.signal);
  try {
    for (const [index, database] of archive.manifest.databases.entries()) {
      const url = await scratch.create(swaps[index]!.scratch);
      await migrate(database, url, options, database.migrations);
      await loadDatabase({ ...options, url, database, tables, archiveName: options.name });
      await migrate(database, url, options);
      await prepare(database, url, options);
    }
    await tables.next();
  } finally {
    await tables.return(undefined);
  }
}

async function migrate(
  { name }: ManifestDatabase,
  url: string,
  { migrate: migrations, say }: RestoreOptions,
  names?: readonly string[],
): Promise<void> {
  say?.(names ? `making the schema of ${name}` : `bringing ${name} up to this version`);
  try {
    await migrations.run(name, url, names);
  } catch (error) {
    throw databaseFault(error, name);
  }
}

async function prepare(
  { name }: ManifestDatabase,
  url: string,
  { prepareDatabase, signal }: RestoreOptions,
): Promise<void> {
  await withConnection({ url, database: name, signal }, (client) => client.query('analyze'));
  try {
    await prepareDatabase?.(url, name);
  } catch (error) {
    throw databaseFault(error, name);
  }
}

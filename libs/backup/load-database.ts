import type pg from 'pg';
import { archiveFault, BackupFault } from './backup-fault.ts';
import { qualified, readCatalogue, readMigrations, type Catalogue } from './catalogue.ts';
import { withConnection } from './connection.ts';
import { copyIn, copyOut, settleTransaction } from './copy.ts';
import { isSame, measure } from './csv-meter.ts';
import type { ManifestDatabase, ManifestTable } from './manifest.ts';
import type { TableInArchive } from './read-archive.ts';
import { setAside } from './set-aside.ts';

/** What to load, and where to. */
export interface LoadOptions {
  /** A database with the schema of the archive; all its rows are replaced. As its owner. */
  url: string;
  database: ManifestDatabase;
  /** The tables of this database, next in this order. */
  tables: AsyncIterator<TableInArchive>;
  /** The archive, for faults. */
  archiveName: string;
  signal?: AbortSignal;
  say?: (text: string) => void;
}

/**
 * Fills a database with what an archive holds of it, in one transaction, then reads it back and compares. PostgreSQL checks
 * every constraint again; triggers do not fire, because what they once did is in the archive. Needs no superuser.
 * @throws BackupFault different when what is in the database now is not what the archive holds
 */
export async function loadDatabase(options: LoadOptions): Promise<void> {
  const { url, database, signal } = options;
  const known = await withConnection({ url, database: database.name, signal }, (client) =>
    inTransaction(client, () => load(client, options)),
  );
  await withConnection({ url, database: database.name, signal }, (client) =>
    inTransaction(client, () => compare(client, known, options)),
  );
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  await settleTransaction(client);
  const result = await work();
  await client.query('commit');
  return result;
}

/** Answers the tables that it filled. */
async function load(client: pg.Client, options: LoadOptions): Promise<ManifestTable[]> {
  const { database, tables, say } = options;
  const schema = await readCatalogue(client);
  expectComplete(schema, options);
  const putBack = await setAside(client);
  // In the transaction of the rows: PostgreSQL then appends them, so that they lie in the order of the archive and no
  // migration's own rows are among them.
  if (schema.tables.length > 0) {
    await client.query(`truncate ${schema.tables.map(({ name }) => qualified(name)).join(', ')}`);
  }
  const loaded: ManifestTable[] = [];
  for (let count = 0; count < database.tables.length; count++) {
    const { value: next } = (await tables.next()) as IteratorYieldResult<TableInArchive>;
    if (schema.tables.some(({ name }) => name === next.table.name)) {
      say?.(`loading ${next.table.file}`);
      await loadTable(client, next, options);
      loaded.push(next.table);
    } else {
      say?.(`left out: ${next.table.file}, which no migration of Kronus made`);
      await measure(next.csv);
    }
  }
  say?.(`indexing ${database.name}, and checking what refers to what`);
  await putBack();
  await setSequences(client, schema, database);
  return loaded;
}

/** Whatever the schema has must be in the archive, or something was lost before it was written. */
function expectComplete(schema: Catalogue, { database, archiveName }: LoadOptions): void {
  const archived = new Map(database.tables.map((table) => [table.name, table.columns]));
  for (const { name, columns } of schema.tables) {
    const found = archived.get(name);
    if (!found) throw archiveFault.foreign(archiveName, `it lacks the table ${database.name}.${name}`);
    if (columns.toSorted().join() !== found.toSorted().join()) {
      throw archiveFault.foreign(
        archiveName,
        `the columns of ${database.name}.${name} are not those of its version`,
      );
    }
  }
  const missing = schema.sequences.find((name) => !database.sequences.some((each) => each.name === name));
  if (missing) throw archiveFault.foreign(archiveName, `it lacks the sequence ${database.name}.${missing}`);
}

async function loadTable(
  client: pg.Client,
  { table, csv }: TableInArchive,
  { database, archiveName }: LoadOptions,
): Promise<void> {
  const rows = await copyIn(client, table, csv);
  if (rows === table.rows) return;
  throw archiveFault.foreign(
    archiveName,
    `${database.name}.${table.name} holds another number of rows than it says`,
  );
}

async function setSequences(
  client: pg.Client,
  schema: Catalogue,
  { sequences }: ManifestDatabase,
): Promise<void> {
  for (const { name, last_value, is_called } of sequences) {
    if (!schema.sequences.includes(name)) continue;
    await client.query('select setval($1::regclass, $2::bigint, $3)', [
      qualified(name),
      last_value,
      is_called,
    ]);
  }
}

async function compare(
  client: pg.Client,
  loaded: readonly ManifestTable[],
  { database, say }: LoadOptions,
): Promise<void> {
  const migrations = await readMigrations(client);
  if (migrations.toSorted().join() !== database.migrations.toSorted().join())
    throw notTheSame(database, 'migrations');
  for (const table of loaded) {
    say?.(`comparing ${table.file}`);
    if (!isSame(await measure(copyOut(client, table)), table)) throw notTheSame(database, table.name);
  }
}

const notTheSame = ({ name }: ManifestDatabase, what: string): BackupFault =>
  new BackupFault(
    'different',
    `What was restored of ${name}.${what} is not what the backup holds. Nothing was changed; try another backup, and report this.`,
  );

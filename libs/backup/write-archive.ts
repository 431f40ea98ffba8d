import { PassThrough, type Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { BackupFault, cancelled, isAbort } from './backup-fault.ts';
import type { Table } from './catalogue.ts';
import { CsvMeter, isSame, measure, metered } from './csv-meter.ts';
import { ARCHIVE_FORMAT, fileOf, Manifest, MANIFEST_FILE, type ManifestDatabase } from './manifest.ts';
import { seal } from './seal.ts';
import { Snapshot } from './snapshot.ts';
import { END_OF_TAR, paddingOf, ustarHeader } from './ustar.ts';
import { compressor } from './zstd.ts';

/** A database that goes into an archive. */
export interface ArchivedDatabase {
  /** Its name within the archive: `kronus` for the core, whatever it is called on the server; else `client_<id>`. */
  name: string;
  /** As a role that may read everything (`kronus_user`). */
  url: string;
}

/** What to archive, and how. */
export interface WriteArchiveOptions {
  databases: readonly ArchivedDatabase[];
  passPhrase: string;
  kronusVersion: string;
  now: Date;
  signal?: AbortSignal;
  /** Told what is going on, for people. */
  say?: (text: string) => void;
}

/** An archive that is being made. */
export interface WrittenArchive {
  /** The encrypted archive. Breaks with a BackupFault when it cannot be made; destroying it ends all work on it. */
  content: Readable;
  /** Settles when all connections are given back: with the manifest once `content` was read to its end, else with the BackupFault. */
  finished: Promise<Manifest>;
}

/** A manifest, and the snapshots that it was measured on. */
interface Measured {
  manifest: Manifest;
  snapshots: readonly Snapshot[];
}

/**
 * Archives databases, each as it was in one moment, as a stream: `tar` of a manifest and one CSV a table, in `zstd`, in
 * OpenPGP (AES-256). Nothing is on a disk, and only a few blocks are in memory. Each table is read twice, because the
 * manifest with the checksums stands first; when it does not come out the same, the archive breaks off.
 */
export function writeArchive(options: WriteArchiveOptions): WrittenArchive {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const content = new PassThrough();
  // Before anything that takes time: whoever reads may leave while the tables are still being measured.
  content.once('close', () => stop.abort());
  signal.addEventListener('abort', () => content.destroy(cancelled()), { once: true });

  const work = (async () => {
    try {
      return await produce({ ...options, signal }, content);
    } catch (error) {
      const fault = asFault(error, signal);
      content.destroy(fault);
      throw fault;
    } finally {
      stop.abort();
    }
  })();
  // Who only reads hears of it from `content`.
  work.catch(() => undefined);
  return { content, finished: work };
}

const asFault = (error: unknown, signal: AbortSignal): Error => {
  if (error instanceof BackupFault) return error;
  return signal.aborted || isAbort(error) ? cancelled() : (error as Error);
};

async function produce(options: WriteArchiveOptions, content: PassThrough): Promise<Manifest> {
  if (options.passPhrase === '') {
    throw new BackupFault('refused', 'A backup is not made without a pass phrase: set backup.passPhrase.');
  }
  const snapshots: Snapshot[] = [];
  try {
    for (const { name, url } of options.databases) {
      snapshots.push(await Snapshot.open(name, url, options.signal));
    }
    const manifest = await measureAll(snapshots, options);
    const sealed = seal(compress(tarOf({ manifest, snapshots }, options)), options.passPhrase, options.now);
    await pipeline(sealed, content);
    await finished(content);
    return manifest;
  } finally {
    await Promise.all(snapshots.map((snapshot) => snapshot.close()));
  }
}

async function measureAll(
  snapshots: readonly Snapshot[],
  { now, kronusVersion, say }: WriteArchiveOptions,
): Promise<Manifest> {
  const databases: ManifestDatabase[] = [];
  for (const snapshot of snapshots) {
    const tables: ManifestDatabase['tables'] = [];
    for (const table of snapshot.tables) {
      const file = fileOf(snapshot.database, table.name);
      say?.(`measuring ${file}`);
      tables.push({ ...table, ...(await readTable(snapshot, table, measure)), file });
    }
    const { database: name, migrations, sequences } = snapshot;
    databases.push({ name, migrations: [...migrations], tables, sequences });
  }
  const manifest = Manifest.safeParse({
    format: ARCHIVE_FORMAT,
    kronus_version: kronusVersion,
    created_at: now.toISOString(),
    databases,
  });
  if (manifest.success) return manifest.data;
  const place = manifest.error.issues[0]?.path.join('.');
  throw new BackupFault(
    'refused',
    `The database cannot be archived: ${place} is not what an archive can hold.`,
  );
}

async function readTable<T>(
  snapshot: Snapshot,
  table: Table,
  read: (csv: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  try {
    return await read(snapshot.copyOut(table));
  } catch (error) {
    throw snapshot.fault(error);
  }
}

/** The archive before it is compressed. */
async function* tarOf(
  { manifest, snapshots }: Measured,
  { now, say }: WriteArchiveOptions,
): AsyncGenerator<Buffer> {
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  yield ustarHeader(MANIFEST_FILE, text.length, now);
  yield text;
  yield Buffer.alloc(paddingOf(text.length));
  for (const [index, { tables }] of manifest.databases.entries()) {
    for (const table of tables) {
      say?.(`writing ${table.file}`);
      yield ustarHeader(table.file, table.bytes, now);
      yield* tableAgain(snapshots[index]!, table);
      yield Buffer.alloc(paddingOf(table.bytes));
    }
  }
  yield END_OF_TAR;
}

async function* tableAgain(
  snapshot: Snapshot,
  table: ManifestDatabase['tables'][number],
): AsyncGenerator<Buffer> {
  const meter = new CsvMeter();
  try {
    yield* metered(snapshot.copyOut(table), meter);
  } catch (error) {
    throw snapshot.fault(error);
  }
  if (isSame(meter.end(), table)) return;
  throw new BackupFault(
    'different',
    `${snapshot.database}.${table.name} was read twice and did not come out the same: the backup is given up. Try again.`,
  );
}

async function* compress(plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const zstd = compressor();
  const fed = pipeline(plain, zstd);
  // Its failure also breaks the stream that is read here; it is thrown from below, where the first error wins.
  fed.catch(() => undefined);
  try {
    yield* zstd as AsyncIterable<Buffer>;
  } catch (error) {
    await fed;
    throw error;
  }
  await fed;
}

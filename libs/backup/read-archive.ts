import { pipeline } from 'node:stream/promises';
import { archiveFault, BackupFault, cancelled, diskFault } from './backup-fault.ts';
import { ByteCursor } from './byte-cursor.ts';
import { fitsKey, readContainer } from './container.ts';
import { CsvMeter, isSame, metered } from './csv-meter.ts';
import type { LocalCopy } from './local-copy.ts';
import {
  MANIFEST_FILE,
  MAX_MANIFEST_BYTES,
  parseManifest,
  type Manifest,
  type ManifestDatabase,
  type ManifestTable,
} from './manifest.ts';
import { openKey, unseal, type SessionKey } from './seal.ts';
import { BLOCK, claimsOf, END_OF_TAR, paddingOf, ustarHeader } from './ustar.ts';
import { decompressor } from './zstd.ts';

/** One table of an archive, as it comes by. */
export interface TableInArchive {
  database: ManifestDatabase;
  table: ManifestTable;
  /** The rows; breaks with a BackupFault when they are not what the manifest says. */
  csv: AsyncIterable<Buffer>;
}

// Rows hardly ever shrink to a twentieth; what claims to be thousands of times its size was made to fill a disk.
const GREATEST_GROWTH = 2_000;
const SMALL_BYTES = 1024 * 1024 * 1024;
const SCRATCH = 'the scratch folder';

/**
 * An archive on the local disk whose seal was found whole: what it says was written by somebody who knows the pass phrase.
 * The form of everything in it is still checked as that of a stranger.
 */
export class Archive {
  private constructor(
    readonly manifest: Manifest,
    private readonly copy: LocalCopy,
    private readonly key: SessionKey,
  ) {}

  /**
   * Checks outer form, pass phrase and seal, in this order, and only then reads the manifest.
   * @throws BackupFault
   */
  static async open(copy: LocalCopy, passPhrase: string, signal?: AbortSignal): Promise<Archive> {
    const container = await readContainer(copy);
    const key = await openKey(container.keyPacket, passPhrase);
    if (!key || !fitsKey(container, key.data)) throw archiveFault.wrongPassPhrase(copy.name);
    await expectWholeSeal(copy, key, signal);
    const tar = plainTar(copy, key);
    try {
      const manifest = await readManifest(tar, copy.name);
      expectPlausibleSize(manifest, copy);
      return new Archive(manifest, copy, key);
    } catch (error) {
      throw formFault(error, copy.name);
    } finally {
      await tar.close();
    }
  }

  /**
   * Reads all tables in the order of the manifest, and proves that the archive is exactly what the manifest says. Each
   * must be read to its end before the next.
   * @throws BackupFault
   */
  async *tables(signal?: AbortSignal): AsyncGenerator<TableInArchive> {
    const { manifest, copy } = this;
    const tar = plainTar(copy, this.key);
    try {
      await readManifest(tar, copy.name);
      const createdAt = new Date(manifest.created_at);
      for (const database of manifest.databases) {
        for (const table of database.tables) {
          if (signal?.aborted) throw cancelled();
          await expectBytes(
            tar,
            ustarHeader(table.file, table.bytes, createdAt),
            copy.name,
            `${table.file} does not come where it should`,
          );
          yield { database, table, csv: this.rowsOf(tar, table, signal) };
          await expectBytes(
            tar,
            Buffer.alloc(paddingOf(table.bytes)),
            copy.name,
            `${table.file} does not end where it should`,
          );
        }
      }
      await expectBytes(tar, END_OF_TAR, copy.name, 'it holds more than it says');
      if (!(await tar.isAtEnd())) throw archiveFault.foreign(copy.name, 'it holds more than it says');
    } catch (error) {
      throw formFault(error, copy.name);
    } finally {
      await tar.close();
    }
  }

  /**
   * Reads all of it.
   * @throws BackupFault
   */
  async verify({ signal, say }: { signal?: AbortSignal; say?: (text: string) => void } = {}): Promise<void> {
    for await (const { table, csv } of this.tables(signal)) {
      say?.(`verifying ${table.file}`);
      for await (const _ of csv) if (signal?.aborted) throw cancelled();
    }
  }

  private async *rowsOf(tar: ByteCursor, table: ManifestTable, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const meter = new CsvMeter();
    for await (const chunk of metered(tar.take(table.bytes), meter)) {
      if (signal?.aborted) throw cancelled();
      yield chunk;
    }
    if (!isSame(meter.end(), table)) {
      throw archiveFault.corrupt(this.copy.name, `the rows of ${table.file} are not those of its manifest`);
    }
  }
}

/** Reads to the end without looking at what comes: nothing of it may be believed, nor even parsed, before that. */
async function expectWholeSeal(copy: LocalCopy, key: SessionKey, signal?: AbortSignal): Promise<void> {
  try {
    for await (const _ of unseal(copy.read(), key)) if (signal?.aborted) throw cancelled();
  } catch (error) {
    if (error instanceof BackupFault) throw error;
    if ((error as NodeJS.ErrnoException).syscall) throw diskFault(error, SCRATCH);
    throw archiveFault.corrupt(copy.name, 'its seal is broken');
  }
}

function plainTar(copy: LocalCopy, key: SessionKey): ByteCursor {
  const zstd = decompressor();
  const fed = pipeline(unseal(copy.read(), key), zstd);
  // The same failure breaks what is read from `zstd`.
  fed.catch(() => undefined);
  const blocks = async function* () {
    try {
      yield* zstd as AsyncIterable<Buffer>;
    } finally {
      zstd.destroy();
    }
  };
  return new ByteCursor(blocks());
}

async function readManifest(tar: ByteCursor, name: string): Promise<Manifest> {
  const header = await tar.takeAll(BLOCK);
  const { bytes, modifiedAt } = claimsOf(header);
  if (
    !(bytes > 0 && bytes <= MAX_MANIFEST_BYTES) ||
    !header.equals(ustarHeader(MANIFEST_FILE, bytes, modifiedAt))
  ) {
    throw archiveFault.foreign(name, 'it does not begin with a manifest');
  }
  const text = await tar.takeAll(bytes);
  const manifest = parseManifest(text.toString('utf8'), name);
  await expectBytes(tar, Buffer.alloc(paddingOf(bytes)), name, 'its manifest does not end where it should');
  return manifest;
}

async function expectBytes(
  tar: ByteCursor,
  expected: Buffer,
  name: string,
  otherwise: string,
): Promise<void> {
  const found = await tar.takeAll(expected.length);
  if (!found.equals(expected)) throw archiveFault.foreign(name, otherwise);
}

function expectPlausibleSize({ databases }: Manifest, { name, bytes }: LocalCopy): void {
  const claimed = databases.flatMap(({ tables }) => tables).reduce((sum, table) => sum + table.bytes, 0);
  if (claimed > SMALL_BYTES && claimed > bytes * GREATEST_GROWTH) {
    throw archiveFault.foreign(name, 'it claims to be far greater than it can be');
  }
}

/** What can not be decompressed behind a whole seal was put together by something else than Kronus. */
function formFault(error: unknown, name: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall) return diskFault(error, SCRATCH);
  return code?.startsWith('Z') ? archiveFault.foreign(name, 'it is not compressed as it should be') : error;
}

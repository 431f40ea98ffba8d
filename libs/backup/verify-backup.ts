import type { ObjectStore } from '#libs/storage/object-store';
import { LocalCopy } from './local-copy.ts';
import type { Manifest } from './manifest.ts';
import { Archive } from './read-archive.ts';

/** Which backup to read, and with what. */
export interface BackupSource {
  store: ObjectStore;
  /** The object's name in the store. */
  name: string;
  passPhrase: string;
  /** A folder for the encrypted copy, which needs as much room as the object; made when it is missing. */
  scratchDir: string;
  signal?: AbortSignal;
  /** Told what is going on, for people. */
  say?: (text: string) => void;
}

/**
 * Downloads a backup wholly and reads all of it: the seal, every file, every checksum. Touches no database.
 * @throws BackupFault
 */
export const verifyBackup = (source: BackupSource): Promise<Manifest> =>
  withArchive(source, async (archive) => {
    await archive.verify(source);
    return archive.manifest;
  });

/**
 * Does some work on a backup that was downloaded wholly, with a whole seal.
 * @throws BackupFault
 */
export async function withArchive<T>(
  source: BackupSource,
  work: (archive: Archive) => Promise<T>,
): Promise<T> {
  source.say?.(`downloading ${source.name}`);
  const copy = await LocalCopy.of(source);
  try {
    source.say?.(`reading ${source.name}`);
    return await work(await Archive.open(copy, source.passPhrase, source.signal));
  } finally {
    await copy.close();
  }
}

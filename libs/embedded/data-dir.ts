import { chmodSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { tryLock } from './lock-file.ts';

/** The folder of everything kept, held by this process alone. */
export interface DataDir {
  path: string;
  /** Lets another process have the folder; the folder stays. */
  release(): void;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Creates the folder if it is missing and takes it for this process; a lock left by a dead process is taken over.
 * @throws Error with one sentence when another process uses the folder or when it cannot be written.
 */
export const openDataDir = (path: string): DataDir => {
  const folder = resolve(path);
  try {
    // As root, PostgreSQL runs as another user, who must be able to pass; what is secret inside is 0600.
    mkdirSync(folder, { recursive: true, mode: isRoot() ? 0o711 : 0o700 });
    const lock = tryLock(join(folder, 'lock'));
    if ('release' in lock) return { path: folder, release: lock.release };
    throw new InUse(
      `The data folder ${folder} is in use by process ${lock.heldBy}; stop it or set KRONUS_DATA_DIR to another folder.`,
    );
  } catch (error) {
    if (error instanceof InUse) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(
      `The data folder ${folder} cannot be written (${code}); set KRONUS_DATA_DIR to another folder.`,
      { cause: error },
    );
  }
};

class InUse extends Error {}

/**
 * Lets every user pass through the folders above `path` (adds 1 to modes such as 0700), without letting anyone list them.
 * Returns the folders that had to be changed. Needed only when root starts a server that runs as another user.
 */
export const makePassable = (path: string): string[] => {
  const changed: string[] = [];
  for (let folder = realpathSync(path); folder !== dirname(folder); folder = dirname(folder)) {
    const { mode } = statSync(folder);
    if (mode & 0o001) continue;
    chmodSync(folder, (mode & 0o7777) | 0o011);
    changed.push(folder);
  }
  return changed;
};

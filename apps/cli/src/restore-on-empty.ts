import type { Config } from '#libs/config/config';
import { withDatabase } from '#libs/db/connect';
import { backupsAmong } from '#libs/domain/backup';
import type { Say } from '#libs/embedded/progress';
import { openStore } from '#libs/storage/open-store';
import { restore } from './backups.ts';

/** Any number that nothing else in the maintenance database locks. */
const RESTORE_LOCK = 7_283_002;

/**
 * Looks, before anything is written, whether the database is empty while the store holds a backup. Then either restores
 * the newest (`backup.restoreOnEmpty`) or answers a sentence that offers it; null when there is nothing to say. Of
 * several processes that start together one restores, and the others wait for it.
 * @throws Error with one sentence when what should be restored cannot be
 */
export async function restoreOnEmpty(
  config: Config,
  adminUrl: string,
  say: Say = () => undefined,
): Promise<string | null> {
  const { backup } = config;
  if (!backup.isEnabled || !(await isEmpty(adminUrl))) return null;
  const store = await openStore(backup);
  if (!backup.restoreOnEmpty) {
    const name = await store.list().then(newestOf, () => undefined);
    return name === undefined
      ? null
      : `The database is empty, but ${store.place} holds ${name}. To restore it, stop and run: kronus backup restore ${name}`;
  }
  return withLock(adminUrl, async () => {
    const name = newestOf(await store.list());
    if (name === undefined || !(await isEmpty(adminUrl))) return null;
    say(`restoring ${name}`);
    await restore({ config, store, name, adminUrl, say });
    return `The database was empty: ${name} was restored.`;
  });
}

const newestOf = (objects: readonly { name: string }[]): string | undefined =>
  backupsAmong(objects.map(({ name }) => name))[0];

/** Whether there is no account: no tables, or nobody in them. */
const isEmpty = (url: string): Promise<boolean> =>
  withDatabase(url, async (client) => {
    const tables = await client.query<{ is_there: boolean }>(
      `select to_regclass('users') is not null as is_there`,
    );
    if (!tables.rows[0]!.is_there) return true;
    const { rows } = await client.query<{ is_empty: boolean }>(
      `select not exists (select from users) as is_empty`,
    );
    return rows[0]!.is_empty;
  });

/** Holds the lock in the maintenance database, because the core database is replaced meanwhile. */
const withLock = <T>(adminUrl: string, work: () => Promise<T>): Promise<T> => {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  return withDatabase(url.href, async (client) => {
    await client.query('select pg_advisory_lock($1)', [RESTORE_LOCK]);
    return work();
  });
};

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MikroORM } from '@mikro-orm/postgresql';
import { BackupMaker, sentenceOf } from '#activities/backup-maker';
import { CORE_DATABASE } from '#libs/backup/manifest';
import { coreMigrations } from '#libs/backup/migrations';
import { restoreBackup, type Restored } from '#libs/backup/restore-backup';
import { build } from '#libs/config/build';
import type { Config } from '#libs/config/config';
import { ormConfig } from '#libs/db/orm.config';
import { grantRoles } from '#libs/db/roles';
import { settleRestored } from '#libs/db/queries/backups';
import { systemClock } from '#libs/domain/clock';
import type { DatabaseUrls } from '#libs/embedded/database';
import type { ObjectStore } from '#libs/storage/object-store';

/** Where encrypted copies of backups are kept while they are read. */
export const scratchDirOf = ({ dataDir }: Config): string => join(dataDir, 'scratch');

/** A restored database serves the same roles as the one before. */
const prepareDatabase = async (url: string): Promise<void> => void (await grantRoles(url));

/** Composes what makes and proves backups. */
export const createBackupMaker = (
  config: Config,
  { databases, orm, store }: { databases: DatabaseUrls; orm: MikroORM; store: ObjectStore },
): BackupMaker =>
  new BackupMaker({
    orm,
    store,
    databases,
    clock: systemClock,
    passPhrase: config.backup.passPhrase,
    retentionDays: config.backup.retentionDays,
    scratchDir: scratchDirOf(config),
    kronusVersion: build.version,
    migrations: coreMigrations,
    prepareDatabase,
  });

const NO_TIME = 'There was no time for it.';
const CALL_OFF_MS = 1_000;

/**
 * Takes a last backup within so many milliseconds; what cannot be done in them is called off and said. Never rejects and
 * never takes much longer.
 */
export async function takeLastBackup(
  maker: BackupMaker,
  limitMs: number,
  say: (text: string) => void,
): Promise<void> {
  const id = randomUUID();
  const signal = AbortSignal.timeout(limitMs);
  const work = async (): Promise<string> => {
    try {
      const made = await maker.make({ id, kind: 'shutdown', signal });
      return `Backed up: ${made?.name}`;
    } catch (error) {
      const reason = signal.aborted ? NO_TIME : sentenceOf(error);
      await maker.giveUp(id, reason).catch(() => undefined);
      return `There is no last backup. ${reason}`;
    }
  };
  const ended = new AbortController();
  // What does not even end when it is called off is left alone.
  const late = sleep(limitMs + CALL_OFF_MS, `There is no last backup. ${NO_TIME}`, { signal: ended.signal });
  late.catch(() => undefined);
  say(await Promise.race([work(), late]));
  ended.abort();
}

/** What is restored, and where to. */
export interface RestoreOrder {
  config: Config;
  store: ObjectStore;
  name: string;
  adminUrl: string;
  signal?: AbortSignal;
  say?: (text: string) => void;
}

/**
 * Puts a backup in the place of the live databases, and the record up to date before it goes live.
 * @throws BackupFault
 */
export async function restore({
  config,
  store,
  name,
  adminUrl,
  signal,
  say,
}: RestoreOrder): Promise<Restored> {
  const bytes = (await store.list()).find((object) => object.name === name)?.bytes ?? 0;
  return restoreBackup({
    store,
    name,
    adminUrl,
    signal,
    say,
    passPhrase: config.backup.passPhrase,
    scratchDir: scratchDirOf(config),
    migrate: coreMigrations,
    prepareDatabase: async (url, database) => {
      await prepareDatabase(url);
      if (database === CORE_DATABASE) await settle(url, { name, bytes });
    },
  });
}

async function settle(url: string, backup: { name: string; bytes: number }): Promise<void> {
  const orm = await MikroORM.init(ormConfig(url, 1));
  try {
    await settleRestored(orm.em.fork(), { ...backup, now: systemClock.now() });
  } finally {
    await orm.close();
  }
}

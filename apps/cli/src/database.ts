import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { migrate } from '#libs/db/migrate';
import { ormConfig } from '#libs/db/orm.config';
import { StopInReverse } from '#libs/embedded/children';
import { openDataDir } from '#libs/embedded/data-dir';
import { startPostgres } from '#libs/embedded/postgres';
import { reach } from '#libs/embedded/reach';
import { runningPostgres } from '#libs/embedded/running-postgres';

const DATABASE = 'kronus';
const CONNECTIONS = 2;

/**
 * Works on the database of a Kronus, with its schema up to date: on the configured one, on that of a Kronus that runs on
 * this data folder, or on the one in the folder, whose server then runs for as long as the work takes.
 * @throws Error with one sentence when there is none
 */
export async function withDatabase<Result>(
  config: Config,
  work: (orm: MikroORM) => Promise<Result>,
): Promise<Result> {
  const stop = new StopInReverse();
  try {
    const url = config.database.adminUrl ?? config.database.url ?? (await embedded(config, stop));
    const orm = await MikroORM.init(ormConfig(url, CONNECTIONS));
    stop.add('database connections', () => orm.close());
    const server = { name: 'PostgreSQL', address: new URL(url).host, setting: 'DATABASE_URL' };
    await reach(server, () => orm.em.fork().execute('select 1'), { say: () => undefined });
    await migrate(orm);
    return await work(orm);
  } finally {
    await stop.stopAll();
  }
}

async function embedded({ dataDir }: Config, stop: StopInReverse): Promise<string> {
  const folder = join(dataDir, 'postgres');
  const running = runningPostgres(folder, DATABASE);
  if (running !== null) return running;
  const lock = openDataDir(dataDir);
  stop.add('data folder', async () => lock.release());
  const postgres = await startPostgres({ dataDir: folder });
  stop.add('PostgreSQL', () => postgres.stop());
  await postgres.createDatabase(DATABASE);
  return postgres.url(DATABASE);
}

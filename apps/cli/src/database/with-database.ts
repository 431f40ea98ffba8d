import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { ormConfig } from '#libs/db/orm.config';
import { prepareSchema } from '#libs/db/schema-state';
import { openEmbeddedDatabase, type DatabaseUrls } from '#libs/embedded/database';
import type { Progress, Say } from '#libs/embedded/progress';
import { reach } from '#libs/embedded/reach';

const CONNECTIONS = 3;

/**
 * Works with the addresses of the configured database, else of the one in the data folder, whose server is started for as
 * long as the work takes when no Kronus runs there; `progress` tells of that.
 * @throws Error with one sentence when there is none
 */
export async function withDatabaseUrls<Result>(
  { database, dataDir, mode, ports }: Config,
  work: (databases: DatabaseUrls) => Promise<Result>,
  progress?: Progress,
): Promise<Result> {
  const { url, adminUrl, readOnlyUrl } = database;
  if (url !== null) return work({ url, adminUrl: adminUrl ?? url, readOnlyUrl: readOnlyUrl ?? url });
  const place = { dataDir, port: ports.postgres ?? undefined, isDurable: mode !== 'test' };
  const open = (say?: Say) => openEmbeddedDatabase({ ...place, say });
  const { databases, close } = await (progress ? progress.step('PostgreSQL', open) : open());
  try {
    return await work(databases);
  } finally {
    await close();
  }
}

/**
 * Works on a database as the service does, with its schema up to date; `say` tells what was done for that.
 * @throws Error with one sentence when it cannot be reached, or its schema is behind and nobody here may change it
 */
export async function withOrm<Result>(
  { url, adminUrl }: DatabaseUrls,
  work: (orm: MikroORM) => Promise<Result>,
  say: Say,
): Promise<Result> {
  const orm = await MikroORM.init(ormConfig(url, CONNECTIONS));
  try {
    const server = { name: 'PostgreSQL', address: new URL(url).host, setting: 'DATABASE_URL' };
    await reach(server, () => orm.em.fork().execute('select 1'), { say });
    await prepareSchema(orm, adminUrl === url ? null : adminUrl, say);
    return await work(orm);
  } finally {
    await orm.close();
  }
}

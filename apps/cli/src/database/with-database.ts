import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { ormConfig } from '#libs/db/orm.config';
import { prepareSchema } from '#libs/db/schema-state';
import { openEmbeddedDatabase, type OpenDatabase } from '#libs/embedded/database';
import { reach } from '#libs/embedded/reach';

const CONNECTIONS = 2;

/**
 * Works on the database of a Kronus as the service does, with its schema up to date: on the configured one, else on the one
 * in the data folder, whose server is started for as long as the work takes when no Kronus runs there.
 * @throws Error with one sentence when there is none
 */
export async function withDatabase<Result>(
  config: Config,
  work: (orm: MikroORM) => Promise<Result>,
): Promise<Result> {
  const { databases, close } = await databaseOf(config);
  try {
    const { url, adminUrl } = databases;
    const orm = await MikroORM.init(ormConfig(url, CONNECTIONS));
    try {
      const server = { name: 'PostgreSQL', address: new URL(url).host, setting: 'DATABASE_URL' };
      await reach(server, () => orm.em.fork().execute('select 1'), { say: () => undefined });
      await prepareSchema(orm, adminUrl === url ? null : adminUrl, (text) => console.error(text));
      return await work(orm);
    } finally {
      await orm.close();
    }
  } finally {
    await close();
  }
}

async function databaseOf({ database, dataDir, ports }: Config): Promise<OpenDatabase> {
  const { url, adminUrl, readOnlyUrl } = database;
  if (url === null) return openEmbeddedDatabase({ dataDir, port: ports.postgres ?? undefined });
  return {
    databases: { url, adminUrl: adminUrl ?? url, readOnlyUrl: readOnlyUrl ?? url },
    close: async () => undefined,
  };
}

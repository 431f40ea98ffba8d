import { loadDatabaseConfig } from '#libs/config/config';
import { openEmbeddedDatabase } from '#libs/embedded/database';
import { givenUrls, type GivenUrls } from './addresses.ts';

/** Where a command finds the database. */
export interface DatabaseFlags {
  config?: string;
  dev?: boolean;
}

/** The addresses that a command may use, until it closes them. */
export interface KnownDatabase {
  urls: GivenUrls;
  close(): Promise<void>;
}

/**
 * Finds the database: by its addresses when there are any, else the one in the data folder of `--dev` or `--config`, whose
 * server is started when it does not run. Without either no address is known.
 * @throws ConfigError, or Error with one sentence
 */
export async function openDatabase({ config: file, dev }: DatabaseFlags): Promise<KnownDatabase> {
  const { env } = process;
  const mode = dev ? 'development' : 'production';
  const config = loadDatabaseConfig({ mode, file, env, cwd: process.cwd() });
  const urls = givenUrls(config, env);
  const isKnown = Object.values(urls).some((url) => url !== null);
  if (isKnown || !(dev || file)) return { urls, close: async () => undefined };
  const { databases, close } = await openEmbeddedDatabase({
    dataDir: config.dataDir,
    port: config.postgresPort ?? undefined,
    say: (text) => console.error(`… ${text}`),
  });
  return {
    urls: { admin: databases.adminUrl, manager: databases.url, user: databases.readOnlyUrl },
    close,
  };
}

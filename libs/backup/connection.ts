import pg from 'pg';
import { cancelled, databaseFault } from './backup-fault.ts';

const CONNECT_LIMIT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/** Where to connect. */
export interface ConnectionOptions {
  url: string;
  /** What faults call the database. */
  database: string;
  /** Cuts the connection, which rolls back whatever it was doing. */
  signal?: AbortSignal;
}

/** A connection of its own. `fault` says what became of an error of it. */
export interface Connection {
  client: pg.Client;
  fault(error: unknown): Error;
  /** Safe to repeat; an open transaction is rolled back. */
  close(): Promise<void>;
}

/**
 * Connects to a database.
 * @throws BackupFault
 */
export async function connect({ url, database, signal }: ConnectionOptions): Promise<Connection> {
  if (signal?.aborted) throw cancelled();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    application_name: 'kronus backup',
    // A snapshot may have nothing to say for many minutes, while another database is read.
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  // A connection that breaks between two statements fails the next one; without a listener it would end the process.
  client.on('error', () => undefined);
  const end = () => client.end().catch(() => undefined);
  let cut: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    cut = () => {
      void end();
      reject(cancelled());
    };
  });
  aborted.catch(() => undefined);
  signal?.addEventListener('abort', cut, { once: true });
  const connection = {
    client,
    fault: (error: unknown) => (signal?.aborted ? cancelled() : databaseFault(error, database)),
    close: async () => {
      signal?.removeEventListener('abort', cut);
      await end();
    },
  };
  try {
    // The driver forgets whoever waits for a connection that is ended before it stands.
    await Promise.race([client.connect(), aborted]);
    return connection;
  } catch (error) {
    await connection.close();
    throw connection.fault(error);
  }
}

/**
 * Does some work on a connection of its own.
 * @throws BackupFault
 */
export async function withConnection<T>(
  options: ConnectionOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const connection = await connect(options);
  try {
    return await work(connection.client);
  } catch (error) {
    throw connection.fault(error);
  } finally {
    await connection.close();
  }
}

/** The same server and role, another database. */
export function urlOfDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

/** The database that an address names. */
export const databaseOfUrl = (url: string): string => decodeURIComponent(new URL(url).pathname.slice(1));

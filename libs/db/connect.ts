import { types } from 'node:util';
import { DriverException } from '@mikro-orm/core';
import pg from 'pg';

const CONNECT_LIMIT_MS = 10_000;

/** What went wrong with a database, as one sentence for the operator; holds no value of a row and no password. */
export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault';
}

/**
 * Does some work on a connection of its own to the database at `url`.
 * @throws DatabaseFault when it cannot be reached or refuses; whatever else `work` throws
 */
export async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
  // A connection that breaks between two statements fails the next one; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw asDatabaseFault(error, url);
  } finally {
    await client.end().catch(() => undefined);
  }
}

// Classes of SQLSTATE whose messages name roles, databases and tables, and never what is in them.
const TELLING_CLASSES = ['08', '0A', '0L', '0P', '25', '28', '2B', '3D', '42', '53', '55', '57', '58'];
const REFUSED_CLASSES = ['28', '3D'];

/** A failure of PostgreSQL, or of the way to it, as a `DatabaseFault`; anything else is answered as it is. */
export function asDatabaseFault(error: unknown, url: string): unknown {
  if (!types.isNativeError(error) || error instanceof DatabaseFault) return error;
  const { severity, code = '', constraint } = error as Partial<pg.DatabaseError>;
  const place = placeOf(url);
  if (severity === undefined) {
    const isOfNetwork = /^E[A-Z_]+$/.test(code);
    const isOfDriver = /^(SASL|Connection terminated|timeout expired|The server does not)/.test(
      error.message,
    );
    if (!isOfNetwork && !isOfDriver) return error;
    const wantsPassword = error.message.includes('client password must be');
    const reason = isOfNetwork ? code : wantsPassword ? 'it asks for a password' : error.message;
    return new DatabaseFault(`PostgreSQL cannot be reached at ${place} (${reason}).`, { cause: error });
  }
  const stateClass = code.slice(0, 2);
  const says = TELLING_CLASSES.includes(stateClass)
    ? messageOf(error)
    : ['SQLSTATE', code, constraint].filter(Boolean).join(' ');
  const did = REFUSED_CLASSES.includes(stateClass) ? 'refuses' : 'could not do it';
  return new DatabaseFault(`PostgreSQL at ${place} ${did}: ${says}.`, { cause: error });
}

/** The library of entities puts the statement, with its values, before what PostgreSQL said. */
const messageOf = (error: Error): string =>
  error instanceof DriverException
    ? error.message.slice(error.message.lastIndexOf(' - ') + 3)
    : error.message;

/** Host, port and database; never a password. */
function placeOf(url: string): string {
  const { host, pathname, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? (host || 'localhost')}${decodeURIComponent(pathname)}`;
}

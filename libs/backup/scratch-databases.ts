import type pg from 'pg';
import { BackupFault } from './backup-fault.ts';
import { quoted } from './catalogue.ts';
import { urlOfDatabase, withConnection } from './connection.ts';

/** What a database beside a live one is for. */
export type ScratchUse = 'restore' | 'drill';

/** A live database and the one that is to take its place. */
export interface Swap {
  live: string;
  scratch: string;
  /** The name under which the live one is kept. */
  before: string;
}

const MAINTENANCE_DATABASE = 'postgres';
// Any numbers that nothing else locks there.
const LOCKS: Record<ScratchUse, number> = { restore: 7_283_011, drill: 7_283_012 };
// What was killed may still be giving its lock back.
const LOCK_LIMIT_MS = 5_000;
const OBJECT_IN_USE = '55006';
const LOCK_NOT_AVAILABLE = '55P03';
const ATTEMPTS = 5;

/** `<database>_restore_<time>`; a long name is cut, since PostgreSQL takes 63 letters. */
export const besideName = (live: string, use: ScratchUse | 'before', at: Date): string =>
  `${live.slice(0, 37)}_${use}_${at.toISOString().replaceAll(/\D/g, '')}`;

const isLeftover = (name: string, live: string, use: ScratchUse): boolean =>
  name.startsWith(`${live.slice(0, 37)}_${use}_`) && /_\d{17}$/.test(name);

/** The databases of a server beside the live ones, as their owner. */
export class ScratchDatabases {
  constructor(
    private readonly adminUrl: string,
    private readonly use: ScratchUse,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * Does some work that only one process at a time may do on this server.
   * @throws BackupFault busy
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.onServer(async (client) => {
      try {
        await client.query(`set lock_timeout = ${LOCK_LIMIT_MS}`);
        await client.query('select pg_advisory_lock($1)', [LOCKS[this.use]]);
      } catch (error) {
        if ((error as pg.DatabaseError).code !== LOCK_NOT_AVAILABLE) throw error;
        throw new BackupFault(
          'busy',
          `Another ${this.use} is running on this server: wait until it is over.`,
        );
      }
      return await work();
    }, this.signal);
  }

  /** Drops what an earlier one, which was killed, left of these databases. */
  async sweep(live: readonly string[]): Promise<string[]> {
    const { rows } = await this.onServer((client) =>
      client.query<{ name: string }>('select datname::text as name from pg_database'),
    );
    const left = rows
      .map(({ name }) => name)
      .filter((name) => live.some((each) => isLeftover(name, each, this.use)));
    for (const name of left) await this.drop(name);
    return left;
  }

  async create(name: string): Promise<string> {
    await this.onServer((client) => client.query(`create database ${quoted(name)}`), this.signal);
    return urlOfDatabase(this.adminUrl, name);
  }

  /** Also when the work was called off. Safe to repeat. */
  async drop(name: string): Promise<void> {
    await this.onServer((client) => dropDatabase(client, name));
  }

  /**
   * Puts databases in the place of live ones, all in one transaction: whatever happens, either each has its old name or
   * each its new one. Ends the connections to the live ones. Answers which of these there were.
   */
  swap(swaps: readonly Swap[]): Promise<string[]> {
    return this.onServer((client) => whenUnused(() => swapOnce(client, swaps)));
  }

  private onServer<T>(work: (client: pg.Client) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const url = urlOfDatabase(this.adminUrl, MAINTENANCE_DATABASE);
    return withConnection({ url, database: 'the server', signal }, work);
  }
}

/** Does again what failed because somebody connected between the end of the others and the work. */
async function whenUnused<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if ((error as pg.DatabaseError).code !== OBJECT_IN_USE || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Drops a database, if there is one, as its owner on a connection to another one; ends the connections to it. */
export const dropDatabase = (client: pg.Client, name: string): Promise<void> =>
  whenUnused(async () => {
    await endConnections(client, [name]);
    // Without `force`, which would refuse when one of the server's own helpers is at work there.
    await client.query(`drop database if exists ${quoted(name)}`);
  });

/** Ends everybody's connections, but not the server's own helpers: it ends them itself, and only a superuser may. */
const endConnections = (client: pg.Client, names: readonly string[]) =>
  client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = any($1) and backend_type = 'client backend'`,
    [names],
  );

async function swapOnce(client: pg.Client, swaps: readonly Swap[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select datname::text as name from pg_database where datname = any($1)',
    [swaps.map(({ live }) => live)],
  );
  const existing = new Set(rows.map(({ name }) => name));
  await endConnections(client, [...existing]);
  await client.query('begin');
  try {
    for (const { live, scratch, before } of swaps) {
      if (existing.has(live))
        await client.query(`alter database ${quoted(live)} rename to ${quoted(before)}`);
      await client.query(`alter database ${quoted(scratch)} rename to ${quoted(live)}`);
    }
    await client.query('commit');
  } catch (error) {
    // What broke first is what counts, the connection maybe.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  return [...existing];
}

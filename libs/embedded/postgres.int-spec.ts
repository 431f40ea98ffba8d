import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startOwner } from './owner.fixture.ts';
import { startPostgres } from './postgres.ts';
import type { Postgres } from './postgres.ts';
import { isAlive } from './process-identity.ts';
import { supervise } from './supervise.ts';

let folder: string;
const running: { stop(): Promise<void> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kronus-postgres-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const start = async (port?: number): Promise<Postgres> => {
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), port, isDurable: false });
  running.push(server);
  return server;
};

const query = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

describe('startPostgres', () => {
  it('keeps data, password and port over a restart, and creates a database once', async () => {
    const first = await start();
    await first.createDatabase('kronus');
    await first.createDatabase('kronus');
    await query(first.url('kronus'), `CREATE TABLE kept AS SELECT 'ünï' AS text`);
    await first.stop();
    const again = await start(first.port);
    expect(again.url('kronus')).toBe(first.url('kronus'));
    expect(await query(again.url('kronus'), 'SELECT text FROM kept')).toEqual([{ text: 'ünï' }]);
  });

  it('is a UTF-8 server of 200 connections on UTC, whatever the machine says', async () => {
    const { url } = await start();
    const settings = `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
      current_setting('max_connections') AS connections, lower('Ä') AS lower`;
    expect(await query(url('postgres'), settings)).toEqual([
      { encoding: 'UTF8', zone: 'UTC', connections: '200', lower: 'ä' },
    ]);
  });

  it('lets nobody in without the password, which only its user can read', async () => {
    const server = await start();
    const wrong = server.url('postgres').replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect(statSync(join(folder, 'postgres', 'password')).mode & 0o777).toBe(0o600);
  });

  it('writes no statement and no value to its log', async () => {
    const server = await start();
    const url = server.url('postgres');
    await query(url, `CREATE TABLE people (phone text UNIQUE); INSERT INTO people VALUES ('+15550001')`);
    await expect(query(url, `INSERT INTO people VALUES ('+15550001')`)).rejects.toThrow('duplicate key');
    const log = readFileSync(join(folder, 'postgres', 'server.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('+15550001');
  });

  it('says why it does not start', async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(folder, 'postgres', 'data', 'PG_VERSION'), '9\n');
    await expect(start()).rejects.toThrow(/was written by PostgreSQL 9, but PostgreSQL \d+ comes along/);
  });

  it('begins again when the first start was cut off', async () => {
    const owner = await startOwner<void>(`
      import { startPostgres } from '#libs/embedded/postgres';
      const dataDir = ${JSON.stringify(join(folder, 'postgres'))};
      startPostgres({ dataDir, isDurable: false, say: () => setTimeout(() => report(null), 150) });`);
    await owner.kill();
    const server = await start();
    expect(await query(server.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('ends the server of an owner that was killed and keeps what was committed', async () => {
    const owner = await startOwner<{ pid: number }>(`
      import pg from 'pg';
      import { startPostgres } from '#libs/embedded/postgres';
      const server = await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'postgres'))} });
      const client = new pg.Client({ connectionString: server.url('postgres') });
      await client.connect();
      await client.query('CREATE TABLE kept AS SELECT 1 AS one');
      report({ pid: server.pid });`);
    const { pid } = owner.reported;
    await owner.kill();
    const server = await start();
    expect(isAlive(pid)).toBe(false);
    expect(await query(server.url('postgres'), 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('stops a server that still runs on the folder, and never runs two', async () => {
    const first = await start();
    const second = await start();
    expect([first.pid, second.pid].map(isAlive)).toEqual([false, true]);
  });

  it('is not held up by a process id that now belongs to a stranger', async () => {
    const first = await start();
    await first.stop();
    const pidFile = join(folder, 'postgres', 'data', 'postmaster.pid');
    writeFileSync(pidFile, `${process.pid}\n`);
    await start();
    expect(existsSync(pidFile)).toBe(true);
  });

  it('comes back on the same port, with its data, after a crash under supervision', async () => {
    const back = Promise.withResolvers<void>();
    const server = await supervise<Postgres>(
      'PostgreSQL',
      (previous) => startPostgres({ dataDir: join(folder, 'postgres'), port: previous?.port }),
      {
        say: (line) => line.endsWith('runs again.') && back.resolve(),
        onGiveUp: (message) => back.reject(new Error(message)),
      },
    );
    running.push(server);
    const { port, pid, url } = server.current;
    await query(url('postgres'), 'CREATE TABLE kept AS SELECT 1 AS one');
    process.kill(pid, 'SIGKILL');
    await back.promise;
    expect(server.current).toMatchObject({ port });
    expect(server.current.pid).not.toBe(pid);
    expect(await query(url('postgres'), 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });
});

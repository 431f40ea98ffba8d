import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { becomesReady, logTail, startChild } from './children.ts';
import type { Child, Exit } from './children.ts';
import { endNoted, noteProcess } from './leftover.ts';
import { assertPortFree, freePort } from './ports.ts';
import type { Say } from './progress.ts';
import { isSound, setAside } from './temporal-file.ts';

/** The types that Temporal knows for a search attribute. */
export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** Where and how the server runs. */
export interface TemporalOptions {
  /** The server program, from `findTemporal`. */
  binary: string;
  /** Keeps workflows over a restart; in memory when left out. */
  dbFile?: string;
  logFile: string;
  /** A free one when left out. */
  port?: number;
  /** Serves the web UI there; no UI when left out. */
  uiPort?: number;
  namespace?: string;
  searchAttributes?: Record<string, SearchAttributeType>;
  say?: Say;
}

/** The settings that move the ports, for the sentence about a taken one. */
export const TEMPORAL_PORT_SETTINGS = {
  port: 'KRONUS_TEMPORAL_PORT',
  uiPort: 'KRONUS_TEMPORAL_UI_PORT',
} as const;

/** A running Temporal server; listens on 127.0.0.1 only. */
export interface Temporal {
  address: string;
  port: number;
  uiUrl: string | undefined;
  pid: number;
  exited: Promise<Exit>;
  /** True when the kept file could not be used and the server began with a new one. */
  wasReset: boolean;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;
const CALL_LIMIT_MS = 5_000;
const FILE_FAULT = /not a database|malformed|SQL logic error|no such table|no such column|disk I\/O error/;

/**
 * Starts a Temporal dev server and resolves when it answers calls for the namespace.
 * Temporal is only the clock (everything in it is rebuilt from PostgreSQL), so its file is written without waiting for the
 * disk, and a file that a power cut broke is moved aside for a new one.
 * A server that a killed run left on the file is ended first.
 * @throws Error with one sentence when a port is taken, or with the end of the server's log when it does not start.
 */
export const startTemporal = async (options: TemporalOptions): Promise<Temporal> => {
  const { namespace = 'default', uiPort, say = () => undefined } = options;
  const dbFile = options.dbFile && resolve(options.dbFile);
  if (dbFile) {
    mkdirSync(dirname(dbFile), { recursive: true });
    await endNoted(noteOf(dbFile), say);
  }
  const port = options.port ?? (await freePort());
  await assertPortFree(port, 'Temporal', TEMPORAL_PORT_SETTINGS.port);
  if (uiPort !== undefined) await assertPortFree(uiPort, 'Temporal UI', TEMPORAL_PORT_SETTINGS.uiPort);

  const address = `${HOST}:${port}`;
  let wasReset = false;
  const reset = (file: string): void => {
    wasReset = true;
    say(`its database file is broken; kept as ${setAside(file)}, starting with a new one`);
  };

  if (dbFile && !isSound(dbFile)) reset(dbFile);
  let child = await launch(options, dbFile, port);
  let isReady = await becomesReady(child, () => answers(address, namespace), START_LIMIT_MS);
  if (!isReady && dbFile && !child.isRunning() && FILE_FAULT.test(logTail(options.logFile))) {
    reset(dbFile);
    child = await launch(options, dbFile, port);
    isReady = await becomesReady(child, () => answers(address, namespace), START_LIMIT_MS);
  }
  if (!isReady) {
    const reason = child.isRunning() ? 'it does not answer' : logTail(options.logFile);
    await child.stop();
    throw new Error(`Temporal does not start: ${reason}`);
  }
  const uiUrl = uiPort === undefined ? undefined : `http://localhost:${uiPort}`;
  return { address, port, uiUrl, wasReset, pid: child.pid, exited: child.exited, stop: () => child.stop() };
};

const noteOf = (dbFile: string): string => `${dbFile}.pid`;

const launch = async (options: TemporalOptions, dbFile: string | undefined, port: number): Promise<Child> => {
  const child = await startChild({
    command: options.binary,
    args: serverArgs(options, dbFile, port),
    // A TEMPORAL_ADDRESS or profile meant for clients must not change the server.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'))),
    cwd: dirname(resolve(options.logFile)),
    logFile: options.logFile,
    stopSignal: 'SIGTERM',
    // A start right after a kill of Kronus wants the port again; the file survives a kill.
    orphanSignal: 'SIGKILL',
    // It takes over a second to end; in memory there is nothing that it should finish.
    stopLimitMs: dbFile ? STOP_LIMIT_MS : 100,
  });
  if (dbFile) noteProcess(noteOf(dbFile), child.pid);
  return child;
};

const serverArgs = (options: TemporalOptions, dbFile: string | undefined, port: number): string[] => [
  'server',
  'start-dev',
  '--ip',
  HOST,
  '--port',
  String(port),
  '--log-level',
  'error',
  // Without it the server ignores priorities, and an escalation waits behind routine checks.
  '--dynamic-config-value',
  'matching.useNewMatcher=true',
  ...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]),
  ...(options.namespace ? ['--namespace', options.namespace] : []),
  ...Object.entries(options.searchAttributes ?? {}).flatMap(([key, type]) => [
    '--search-attribute',
    `${key}=${type}`,
  ]),
  ...(dbFile
    ? ['--db-filename', dbFile, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=OFF']
    : []),
];

const answers = async (address: string, namespace: string): Promise<boolean> => {
  // A refused gRPC connection is tried again only after a second; a bare socket tells at once.
  if (!(await accepts(address))) return false;
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: CALL_LIMIT_MS });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + CALL_LIMIT_MS, () =>
      workflowService.describeNamespace({ namespace }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
};

const accepts = (address: string): Promise<boolean> =>
  new Promise((done) => {
    const [host, port] = address.split(':');
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });

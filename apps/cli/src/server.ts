import { rm } from 'node:fs/promises';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client, Connection } from '@temporalio/client';
import type { BackupMaker } from '#activities/backup-maker';
import type { Config } from '#libs/config/config';
import { ormConfig } from '#libs/db/orm.config';
import { readBacklog } from '#libs/db/queries/backlog';
import { readBackupState } from '#libs/db/queries/backups';
import { Wakeups } from '#libs/db/queries/wakeups';
import { prepareSchema } from '#libs/db/schema-state';
import { systemClock } from '#libs/domain/clock';
import { build } from '#libs/config/build';
import { defaultCacheDir } from '#libs/embedded/cache-dir';
import { formatDuration, Progress } from '#libs/embedded/progress';
import { assertPortFree } from '#libs/embedded/ports';
import { reach } from '#libs/embedded/reach';
import { startStack, type Stack } from '#libs/embedded/stack';
import { renderBackups } from '#libs/telemetry/backup.gauges';
import { Metrics } from '#libs/telemetry/metrics';
import { listenForMetrics } from '#libs/telemetry/metrics.listener';
import { openStore } from '#libs/storage/open-store';
import { connectionOptions } from '#libs/temporal/connection';
import { dataConverterOf } from '#libs/temporal/data-converter';
import type { Tracing } from '#libs/telemetry/tracing';
import { startBackup } from '#workflows/backup/backup.client';
import { createSignalSender } from '#workflows/signals.client';
import { traceSignals } from '#workflows/trace.client';
import { createBackupMaker, takeLastBackup } from './backups.ts';
import { asFault } from './fault.ts';
import { createHealth } from './health.ts';
import { restoreOnEmpty } from './restore-on-empty.ts';

/** Which halves of Kronus this process runs. */
export interface Parts {
  api: boolean;
  worker: boolean;
}

/** How long an orderly stop may take before the process ends anyway. */
const STOP_LIMIT_MS = 20_000;
/** What the end of the servers may take after a last backup. */
const STOP_RESERVE_MS = 5_000;
/** Ordering a backup takes a moment, or Temporal is away. */
const START_BACKUP_LIMIT_MS = 3_000;

/**
 * Runs API and worker, or one of them, with every server that is not configured elsewhere, until SIGINT or SIGTERM.
 * Ends the process: code 0 after an orderly stop, 1 when a part cannot go on.
 * @throws Error with one sentence when it cannot start; nothing is left running
 */
export async function runServer(configured: Config, parts: Parts): Promise<void> {
  const since = performance.now();
  const progress = new Progress();
  const ending = new Ending(progress, configured);
  try {
    const { host, port } = configured;
    if (parts.api) await assertPortFree(port, 'API', 'KRONUS_PORT', host);
    const { workerPort } = configured.metrics;
    if (parts.worker && workerPort !== null)
      await assertPortFree(workerPort, 'metrics', 'KRONUS_WORKER_METRICS_PORT', host);
    const stack = await startStack({
      config: configured,
      progress,
      onGiveUp: (message) => ending.begin(1, message),
    });
    ending.stops(stack);
    const config = { ...configured, twilio: { ...configured.twilio, apiBaseUrl: stack.twilioApiBaseUrl } };
    await startParts(config, stack, parts, progress, ending);
    progress.line(readyBlock(config, stack, parts, performance.now() - since));
  } catch (error) {
    await ending.abandon();
    throw asFault(error);
  }
  await ending.ended;
}

async function startParts(config: Config, stack: Stack, parts: Parts, progress: Progress, ending: Ending) {
  const { stop } = stack;
  const temporal = { ...config.temporal, address: stack.temporalAddress };
  const orm = await MikroORM.init(ormConfig(stack.databases.url, config.database.poolSize));
  stop.add('database connections', () => orm.close());
  const offer = await progress.step('Database schema', async (say) => {
    const { url, adminUrl } = stack.databases;
    const { host } = new URL(url);
    const database = { name: 'PostgreSQL', address: host, setting: 'DATABASE_URL' };
    await reach(database, () => orm.em.fork().execute('select 1'), { say });
    const told = await restoreOnEmpty(config, adminUrl, say);
    await prepareSchema(orm, adminUrl === url ? null : adminUrl, (text) => progress.line(text));
    return told;
  });
  if (offer !== null) progress.line(offer);

  const tracing = await traceTo(config.tracing.endpoint, stop);
  const connection = Connection.lazy(connectionOptions(temporal));
  stop.add('Temporal connection', () => connection.close());
  const client = new Client({
    connection,
    namespace: temporal.namespace,
    dataConverter: dataConverterOf(temporal.encryptionKeys),
    interceptors: { workflow: tracing ? [traceSignals(tracing)] : [] },
  });
  const wakeups = new Wakeups(orm, createSignalSender(client.workflow), (error) => {
    const name = error instanceof Error ? error.name : 'unknown';
    progress.line(`Temporal does not take signals (${name}); they are kept, and delivered when it does.`);
  });
  stop.add('signals', () => wakeups.close());

  const store = config.backup.isEnabled ? await openStore(config.backup) : null;
  const backups = store && createBackupMaker(config, { databases: stack.databases, orm, store });
  if (!backups && parts.worker) progress.line('Backups are off (backup.enabled).');
  // Not by the halves: of many processes that come and go each would make one.
  if (backups && config.backup.atShutdown && parts.api && parts.worker)
    stop.add('last backup', () => ending.lastBackup(backups));

  const deps = { config, orm, wakeups, tracing, clock: systemClock };
  const health = createHealth({ config, orm, connection, hasApi: parts.api, stop });
  const metrics = new Metrics(
    () => readBacklog(orm.em.fork(), systemClock.now(), config.minuteMs),
    () => health.ups(),
  );
  if (backups)
    metrics.add(async () => renderBackups(await readBackupState(orm.em.fork(), systemClock.now())));
  await Promise.all([
    parts.api &&
      progress.step('API', () => {
        const start = (id: string) =>
          connection.withDeadline(Date.now() + START_BACKUP_LIMIT_MS, () => startBackup(client.workflow, id));
        return startApiPart({ ...deps, metrics, health, ...(store && { backups: { store, start } }) }, stop);
      }),
    parts.worker &&
      progress.step('Worker', async (say) => {
        const server = { name: 'Temporal', address: temporal.address, setting: 'TEMPORAL_ADDRESS' };
        await reach(server, () => connection.ensureConnected(), { say });
        await startWorkerPart({ ...deps, client, temporal, backups }, metrics, parts, stop, ending);
      }),
  ]);
}

/** Nothing of it is loaded where nobody follows traces. */
async function traceTo(endpoint: string | null, stop: Stack['stop']): Promise<Tracing | null> {
  if (endpoint === null) return null;
  const { startTracing } = await import('#libs/telemetry/otlp.tracing');
  const tracing = startTracing({ endpoint, version: build.version });
  stop.add('traces', () => tracing.close());
  return tracing;
}

async function startApiPart(deps: ApiDeps, stop: Stack['stop']): Promise<void> {
  const { startApi } = await import('#apps/api/src/main');
  const api = await startApi(deps);
  stop.add('API', () => api.close());
}

async function startWorkerPart(
  deps: Omit<WorkerDeps, 'cacheDir'>,
  metrics: Metrics,
  parts: Parts,
  stop: Stack['stop'],
  ending: Ending,
): Promise<void> {
  const { startWorker, installRuntime } = await import('#apps/worker/src/main');
  const { metrics: served, host } = deps.config;
  const port = served.workerPort;
  const sdkUrl = await installRuntime({ withMetrics: port !== null || (parts.api && served.isEnabled) });
  if (sdkUrl !== null) metrics.include(sdkUrl);
  if (port !== null) {
    const listener = await listenForMetrics(metrics, { host, port });
    stop.add('metrics', () => listener.close());
  }
  const worker = await startWorker({ ...deps, cacheDir: defaultCacheDir() });
  stop.add('worker', () => worker.close());
  worker.ended.catch((error: Error) => ending.begin(1, `The worker cannot go on: ${error.message}`));
}

type ApiDeps = Parameters<typeof import('#apps/api/src/main').startApi>[0];
type WorkerDeps = Parameters<typeof import('#apps/worker/src/main').startWorker>[0];

/** The orderly end of the process: begun once, by a signal or by a part that cannot go on. */
class Ending {
  readonly ended: Promise<void>;
  #resolve!: () => void;
  #stack: Stack | undefined;
  #isBegun = false;
  #deadline = 0;

  constructor(
    private readonly progress: Progress,
    private readonly config: Config,
  ) {
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => this.begin(0, 'Stopping …'));
    }
  }

  /** From now on the end of the process includes the end of these servers. */
  stops(stack: Stack): void {
    this.#stack = stack;
  }

  /** Ends what was started before a start that failed. */
  async abandon(): Promise<void> {
    await this.#stack?.stop.stopAll();
    await this.#removeTemporaryData();
  }

  /** Takes a last backup when this is an orderly end, in what is left of its time. */
  async lastBackup(maker: BackupMaker): Promise<void> {
    if (!this.#isBegun || process.exitCode !== 0) return;
    const limitMs = this.#deadline - performance.now() - STOP_RESERVE_MS;
    await takeLastBackup(maker, Math.max(Math.floor(limitMs), 0), (text) => this.progress.line(text));
  }

  begin(exitCode: number, message: string): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.progress.line(message);
    process.exitCode = exitCode;
    this.#deadline = performance.now() + STOP_LIMIT_MS;
    // The watchdog ends whatever is left when this process goes.
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    void this.#end();
  }

  async #end(): Promise<void> {
    await this.#stack?.stop.stopAll((name, error) => {
      if (error)
        this.progress.line(`${name} did not end well: ${error instanceof Error ? error.message : error}`);
    });
    await this.#removeTemporaryData();
    this.progress.line('Stopped.');
    this.#resolve();
    process.exit();
  }

  async #removeTemporaryData(): Promise<void> {
    if (this.config.isDataTemporary) await rm(this.config.dataDir, { recursive: true, force: true });
  }
}

function readyBlock(config: Config, { pages, temporalAddress }: Stack, parts: Parts, ms: number): string {
  const api = `http://localhost:${config.port}`;
  const lines = [
    parts.api && ['API', api],
    parts.api && ['API docs', `${api}/docs`],
    pages.phones && ['Phones', pages.phones.replace('127.0.0.1', 'localhost')],
    pages.temporalUi ? ['Temporal UI', pages.temporalUi] : ['Temporal', temporalAddress],
    ['Data', config.dataDir],
    ['Stop', 'Ctrl-C'],
    parts.api &&
      pages.phones && ['First', `curl ${api}/health — then the walk in README.md, with ${api}/docs open`],
  ].filter((line) => Array.isArray(line));
  const text = lines.map(([name, value]) => `  ${name!.padEnd(12)} ${value}`).join('\n');
  return `\nKronus is ready (${formatDuration(ms)}).\n\n${text}\n`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { BackupMaker } from '#activities/backup-maker';
import type { Config } from '#libs/config/config';
import type { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import type { Tracing } from '#libs/telemetry/tracing';
import { connectionOptions, type TemporalAddress } from '#libs/temporal/connection';
import { dataConverterOf } from '#libs/temporal/data-converter';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import { createTwilioMessenger } from '#libs/twilio/twilio.messenger';
import { createActivities } from './activities.provider.ts';
import { heartbeatInterceptor } from './heartbeat.interceptor.ts';
import { hideRowValues } from './row-values.interceptor.ts';
import { bundleWorkflows } from './bundle-workflows.ts';
import { ensureSchedules } from './schedules.ts';
import { traceActivities } from './trace.interceptor.ts';

export { installRuntime } from './runtime.ts';

/** What a worker works with. */
export interface WorkerDeps {
  config: Config;
  orm: MikroORM;
  wakeups: Wakeups;
  client: Client;
  temporal: TemporalAddress;
  clock: Clock;
  /** Null when nobody follows traces. */
  tracing: Tracing | null;
  /** Null when backups are off. */
  backups: BackupMaker | null;
  /** Where the bundled workflows are kept between starts. */
  cacheDir: string;
}

/** A worker that polls. */
export interface RunningWorker {
  /** Rejects when the worker cannot go on; resolves after `close`. */
  ended: Promise<void>;
  /** Stops polling and waits, 10 s at most, for what is under way; what is not done then runs again elsewhere. */
  close(): Promise<void>;
}

const CREATE_TRIES = 5;
const CREATE_AGAIN_MS = 1_000;
const SHUTDOWN_GRACE = '8 seconds';
/** A cached workflow takes about a third of a megabyte; one that is not cached is replayed when it wakes. */
const MAX_CACHED_WORKFLOWS = 1_500;

/** Starts a worker for both queues; resolves when it polls. */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { config, temporal, client, cacheDir, tracing } = deps;
  const dataConverter = dataConverterOf(config.temporal.encryptionKeys);
  const [codePath, connection] = await Promise.all([
    bundleWorkflows(cacheDir, {
      failureConverterPath: dataConverter?.failureConverterPath,
      isTraced: tracing !== null,
    }),
    NativeConnection.connect(connectionOptions(temporal)),
  ]);
  const messenger = createTwilioMessenger(config.twilio);
  // The library takes its time and memory to load, and most installations send no mail.
  const mailer = config.mail && (await import('#libs/mail/smtp.mailer')).createSmtpMailer(config.mail);
  const activities = createActivities({ ...deps, messenger, mailer, client: client.workflow });
  const common = {
    connection,
    namespace: temporal.namespace,
    dataConverter,
    activities,
    shutdownGraceTime: SHUTDOWN_GRACE,
    interceptors: {
      // The first is the outermost.
      activity: [hideRowValues, ...(tracing ? [traceActivities(tracing)] : []), heartbeatInterceptor],
    },
  };

  const [main, sending] = await Promise.all([
    createPatiently({
      ...common,
      taskQueue: TASK_QUEUES.main,
      workflowBundle: { codePath },
      maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
    }),
    createPatiently({
      ...common,
      taskQueue: TASK_QUEUES.sending,
      maxConcurrentActivityTaskExecutions: 40,
      ...(config.twilio.messagesPerSecond === null
        ? {}
        : { maxTaskQueueActivitiesPerSecond: config.twilio.messagesPerSecond }),
    }),
  ]);
  await ensureSchedules(client, config);

  const running = [main.run(), sending.run()];
  const stop = () => {
    for (const worker of [main, sending]) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  // One half alone would take work and never finish it.
  const ended = Promise.all(running.map((run) => run.finally(stop))).then(() => undefined);
  return {
    ended,
    async close() {
      stop();
      await Promise.allSettled(running);
      await connection.close();
    },
  };
}

/** A server under load may not answer for a moment; that must not keep a worker from starting. The SDK itself tries for 10 s. */
async function createPatiently(options: WorkerOptions): Promise<Worker> {
  for (let left = CREATE_TRIES; ; left--) {
    try {
      return await Worker.create(options);
    } catch (error) {
      if (left <= 1 || !/Unavailable|DeadlineExceeded/.test(String(error))) throw error;
      await sleep(CREATE_AGAIN_MS);
    }
  }
}

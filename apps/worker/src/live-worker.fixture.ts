import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { BackupMaker } from '#activities/backup-maker';
import { coreMigrations } from '#libs/backup/migrations';
import { loadConfig } from '#libs/config/config';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { migrate } from '#libs/db/migrate';
import { ormConfig } from '#libs/db/orm.config';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { defaultCacheDir } from '#libs/embedded/cache-dir';
import { StopInReverse } from '#libs/embedded/children';
import { startPhones } from '#libs/embedded/phones';
import { freePort } from '#libs/embedded/ports';
import { startTemporal } from '#libs/embedded/temporal';
import { findTemporal } from '#libs/embedded/temporal-binary';
import { openStore } from '#libs/storage/open-store';
import { dataConverterOf } from '#libs/temporal/data-converter';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { Phones } from '#libs/testing/phone';
import { createTestDatabase } from '#libs/testing/test-servers';
import { RECONCILE_SCHEDULE, RECONCILE_WORKFLOW } from '#workflows/reconcile/reconcile.contract';
import type { Reconciled } from '#workflows/reconcile/reconcile.workflow';
import { createSignalSender } from '#workflows/signals.client';
import { startWorker } from './main.ts';

/** The machine's clock, which a test can put forward. */
class AdvancingClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** A real worker on a real Temporal, with a database and phones of its own. Its schedule rests: tests run the reconciler. */
export class LiveWorker {
  #runs = 0;

  private constructor(
    readonly orm: MikroORM,
    /** A client that reads what the worker writes. */
    readonly client: Client,
    /** A client that knows no keys. */
    readonly stranger: Client,
    readonly phones: Phones,
    readonly wakeups: Wakeups,
    readonly clock: AdvancingClock,
    private readonly stop: StopInReverse,
  ) {}

  /** Starts one; `env` holds further settings. The reconciler has run once when it resolves. */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<LiveWorker> {
    const stop = new StopInReverse();
    const folder = mkdtempSync(join(tmpdir(), 'kronus-live-worker-'));
    stop.add('folder', () => rmSync(folder, { recursive: true }));
    const database = await createTestDatabase('worker');
    stop.add('database', () => database.drop());
    const temporal = await startTemporal({
      binary: await findTemporal(),
      logFile: join(folder, 'temporal.log'),
    });
    stop.add('Temporal', () => temporal.stop());
    const phonesPort = await freePort();
    const config = loadConfig({
      mode: 'test',
      cwd: folder,
      env: {
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: temporal.address,
        TWILIO_API_BASE_URL: `http://127.0.0.1:${phonesPort}`,
        KRONUS_DATA_DIR: folder,
        ...env,
      },
    });
    const { accountSid, authToken } = config.twilio;
    const phones = await startPhones({
      port: phonesPort,
      webhookUrl: 'http://127.0.0.1:9/nobody',
      logFile: join(folder, 'phones.log'),
      accountSid,
      authToken,
    });
    stop.add('phones', () => phones.stop());
    const orm = await MikroORM.init(ormConfig(database.url));
    stop.add('orm', () => orm.close());
    await migrate(orm);

    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const connection = await Connection.connect({ address: temporal.address });
    stop.add('connection', () => connection.close());
    const dataConverter = dataConverterOf(config.temporal.encryptionKeys);
    const client = new Client({ connection, dataConverter });
    const wakeups = new Wakeups(orm, createSignalSender(client.workflow), (error) => {
      throw error;
    });
    const clock = new AdvancingClock();
    const address = { ...config.temporal, address: temporal.address };
    const cacheDir = defaultCacheDir();
    const worker = await startWorker({
      config,
      orm,
      wakeups,
      client,
      temporal: address,
      clock,
      tracing: null,
      backups: config.backup.isEnabled
        ? new BackupMaker({
            orm,
            clock,
            store: await openStore(config.backup),
            databases: { readOnlyUrl: database.url, adminUrl: database.url },
            passPhrase: config.backup.passPhrase,
            retentionDays: config.backup.retentionDays,
            scratchDir: join(folder, 'scratch'),
            kronusVersion: '1.0.0',
            migrations: coreMigrations,
          })
        : null,
      cacheDir,
    });
    stop.add('worker', () => worker.close());
    await runOnceAndRest(client);
    return new LiveWorker(
      orm,
      client,
      new Client({ connection }),
      new Phones(phones.url),
      wakeups,
      clock,
      stop,
    );
  }

  close(): Promise<void> {
    return this.stop.stopAll((name, error) => {
      if (error) console.error(name, error);
    });
  }

  /** Runs the reconciler once; answers what it did. */
  reconcile(): Promise<Reconciled> {
    return this.client.workflow.execute<() => Promise<Reconciled>>(RECONCILE_WORKFLOW, {
      workflowId: `${RECONCILE_WORKFLOW}-by-test-${++this.#runs}`,
      taskQueue: TASK_QUEUES.main,
    });
  }

  /** A person with a contact, whose next tick was so long ago (or is so far ahead, below zero). */
  async person({ tickMinutesAgo }: { tickMinutesAgo: number }) {
    const em = this.orm.em.fork();
    const user = await createUser(em, { firstName: 'Tony', lastName: 'Stark' });
    const contact = await createContact(em, user.id, { firstName: 'Hulk' });
    const nextTickAt = new Date(this.clock.now().getTime() - tickMinutesAgo * 60_000);
    await em.nativeUpdate(ProbeSettings, { userId: user.id }, { active: true, nextTickAt });
    return { user, contact, phone: this.phones.phone(user.phoneNumber!) };
  }
}

/** Waits for the run that a starting worker orders, and lets the schedule order no other. */
async function runOnceAndRest(client: Client): Promise<void> {
  const schedule = client.schedule.getHandle(RECONCILE_SCHEDULE);
  for (;;) {
    const [first] = (await schedule.describe()).info.recentActions;
    if (first) {
      await schedule.delete();
      await client.workflow.getHandle(first.action.workflow.workflowId).result();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

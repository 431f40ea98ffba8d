import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client, Connection } from '@temporalio/client';
import { ormConfig } from '#libs/db/orm.config';
import { becomesReady, logTail, startChild, StopInReverse, type Child } from '#libs/embedded/children';
import { runtimeFlags, startPhones } from '#libs/embedded/phones';
import { freePort } from '#libs/embedded/ports';
import { startPostgres } from '#libs/embedded/postgres';
import type { Say } from '#libs/embedded/progress';
import { startTemporal } from '#libs/embedded/temporal';
import { findTemporal } from '#libs/embedded/temporal-binary';
import { removeAtEnd } from '#libs/embedded/watchdog';
import { Phones } from '#libs/testing/phone';
import { wakeProbes } from '../bench/people.ts';
import { plainEnvironment } from '../bench/rig.start.ts';
import { startBalancer } from './balancer.ts';
import { Part } from './part.ts';

/** What can be killed. */
export const PART_NAMES = ['api-1', 'api-2', 'worker-1', 'worker-2', 'temporal', 'postgres'] as const;
export type PartName = (typeof PART_NAMES)[number];

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 25_000;
const POSTGRES_TRIES = 20;
const DATABASE = 'kronus';
/** Each way of the tests uses the same minute, so that waits are long against an outage and short for a test. */
export const MINUTE_MS = 3_000;
const ACCOUNT = { accountSid: `AC${'c'.repeat(32)}`, authToken: 'chaos-auth-token' };

/**
 * A Kronus of several processes for stories about their deaths: two APIs behind a balancer and two workers, on a
 * PostgreSQL, a Temporal and a Twilio simulator of its own; free ports, a temporary folder.
 */
export class Cluster {
  readonly phones: Phones;
  readonly temporal: Client;

  private constructor(
    private readonly orm: MikroORM,
    connection: Connection,
    phonesUrl: string,
    private readonly parts: ReadonlyMap<PartName, Part>,
    private readonly stopping: StopInReverse,
  ) {
    this.phones = new Phones(phonesUrl);
    this.temporal = new Client({ connection });
  }

  /** @throws Error when a part does not start; nothing is left running */
  static async start(say: Say): Promise<Cluster> {
    const stopping = new StopInReverse();
    try {
      return await Cluster.startParts(say, stopping);
    } catch (error) {
      await stopping.stopAll();
      throw error;
    }
  }

  private static async startParts(say: Say, stopping: StopInReverse): Promise<Cluster> {
    const dir = mkdtempSync(join(tmpdir(), 'kronus-chaos-'));
    removeAtEnd(dir);
    const ports = {
      public: await freePort(),
      api1: await freePort(),
      api2: await freePort(),
      temporal: await freePort(),
      postgres: await freePort(),
    };
    const url = `http://127.0.0.1:${ports.public}`;
    const simulator = await startPhones({
      ...ACCOUNT,
      port: await freePort(),
      webhookUrl: `${url}/webhook/sms`,
      logFile: join(dir, 'phones.log'),
    });
    stopping.add('phones', () => simulator.stop());
    const balancer = await startBalancer(ports.public, [ports.api1, ports.api2]);
    stopping.add('balancer', () => balancer.stop());

    let databaseUrl = '';
    const postgres = new Part('postgres', () =>
      retried(POSTGRES_TRIES, async () => {
        const server = await startPostgres({ dataDir: join(dir, 'postgres'), port: ports.postgres });
        databaseUrl = server.url(DATABASE);
        await server.createDatabase(DATABASE);
        return server;
      }),
    );
    const binary = await findTemporal({ say });
    const temporal = new Part('temporal', () =>
      startTemporal({
        binary,
        dbFile: join(dir, 'temporal.db'),
        logFile: join(dir, 'temporal.log'),
        port: ports.temporal,
      }),
    );
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const half = (name: string, command: 'api' | 'worker', port: number) =>
      new Part(name, () =>
        startHalf(command, join(dir, `${name}.log`), {
          KRONUS_DATA_DIR: join(dir, name),
          KRONUS_PORT: String(port),
          KRONUS_PUBLIC_URL: url,
          KRONUS_PRIVATE_KEY_PEM: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          KRONUS_CRON_TIME_ZONE: 'UTC',
          KRONUS_MINUTE_MS: String(MINUTE_MS),
          DATABASE_URL: databaseUrl,
          TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
          TWILIO_ACCOUNT_SID: ACCOUNT.accountSid,
          TWILIO_AUTH_TOKEN: ACCOUNT.authToken,
          TWILIO_API_BASE_URL: simulator.url,
        }),
      );
    const parts = new Map<PartName, Part>([
      ['postgres', postgres],
      ['temporal', temporal],
      ['api-1', half('api-1', 'api', ports.api1)],
      ['api-2', half('api-2', 'api', ports.api2)],
      ['worker-1', half('worker-1', 'worker', ports.api1)],
      ['worker-2', half('worker-2', 'worker', ports.api2)],
    ]);
    for (const [name, part] of parts) {
      say(name);
      stopping.add(name, () => part.stop());
      await part.revive();
    }
    const orm = await MikroORM.init(ormConfig(databaseUrl, 8));
    stopping.add('database connections', () => orm.close());
    const connection = Connection.lazy({ address: `127.0.0.1:${ports.temporal}` });
    stopping.add('Temporal connection', () => connection.close());
    return new Cluster(orm, connection, simulator.url, parts, stopping);
  }

  /** Kills these parts at the same moment. */
  async kill(...names: PartName[]): Promise<void> {
    await Promise.all(names.map((name) => this.part(name).kill()));
  }

  /** Starts these parts again; resolves when they are ready. One that runs already stays as it is. */
  async revive(...names: PartName[]): Promise<void> {
    await Promise.all(names.map((name) => this.part(name).revive()));
  }

  /** Kills these parts, and starts them again after so long. */
  async knockOut(names: readonly PartName[], downMs: number): Promise<void> {
    await this.kill(...names);
    await sleep(downMs);
    await this.revive(...names);
  }

  /** The parts that ended without having been killed, and how often. */
  ownEnds(): Record<string, number> {
    const ended = [...this.parts.values()].filter(({ ownEnds }) => ownEnds > 0);
    return Object.fromEntries(ended.map(({ name, ownEnds }) => [name, ownEnds]));
  }

  /** Orders a fault of the provider; answers a function that ends it. */
  async orderFault(order: Record<string, unknown>): Promise<() => Promise<void>> {
    const { id } = await this.phones.call<{ id: string }>('/control/faults', order);
    return () => this.phones.delete(`/control/faults/${id}`);
  }

  /** Runs SQL with `?` for parameters. */
  sql<Row extends object>(statement: string, params: unknown[] = []): Promise<Row[]> {
    return this.orm.em.fork().execute<Row[]>(statement, params as never);
  }

  /** Delivers the signals that the database owes these people's workflows, as the API does after a commit. */
  wake(userIds: readonly number[]): Promise<void> {
    return wakeProbes(this.orm, this.temporal, userIds);
  }

  /** Ends everything. */
  stop(): Promise<void> {
    return this.stopping.stopAll();
  }

  private part(name: PartName): Part {
    return this.parts.get(name)!;
  }
}

async function startHalf(command: 'api' | 'worker', logFile: string, env: NodeJS.ProcessEnv): Promise<Child> {
  const child = await startChild({
    command: process.execPath,
    args: [...runtimeFlags(), MAIN, command, '--test'],
    env: { ...plainEnvironment(), ...env },
    logFile,
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  const isReady = () => readFileSync(logFile, 'utf8').includes('Kronus is ready');
  if (await becomesReady(child, isReady, START_LIMIT_MS, 100)) return child;
  throw new Error(`${command} does not start: ${logTail(logFile, 20)}`);
}

/** A server that was killed may leave processes that hold its port for a moment. */
async function retried<Result>(tries: number, work: () => Promise<Result>): Promise<Result> {
  for (let left = tries; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left <= 1) throw error;
      await sleep(250);
    }
  }
}

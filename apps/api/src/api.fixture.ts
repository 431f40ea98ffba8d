import { rmSync } from 'node:fs';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '#libs/config/config';
import type { Failure, Success } from '#libs/contract/errors';
import type { User } from '#libs/db/entities/user.entity';
import { ormConfig } from '#libs/db/orm.config';
import { readBacklog } from '#libs/db/queries/backlog';
import { Wakeups, type OwedSignal } from '#libs/db/queries/wakeups';
import { PartFault, type BackupRecord, type HealthPart } from '#libs/domain/health';
import { Health } from '#libs/telemetry/health';
import { Metrics } from '#libs/telemetry/metrics';
import { findPrivateInLog } from '#libs/testing/log-privacy';
import { TestClock } from '#libs/testing/clock';
import { TEST_PASSWORD } from '#libs/testing/factories/user.factory';
import { createTestDatabase } from '#libs/testing/test-servers';
import { createApi, type ApiDeps } from './main.ts';

/** An answer in its envelope, loosely typed: what it must be is what the tests say. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  body: Omit<Partial<Success<any>> & Partial<Omit<Failure, 'success'>>, 'success'> & { success: boolean };
}

/** How a request is made; an object as `body` goes as JSON, a string as it is. */
export interface RequestOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** The API on a database of its own, with a clock that the test moves and a list of the signals that were delivered. */
export class TestApi {
  /** Signals in the order of their delivery. */
  readonly signals: OwedSignal[] = [];
  readonly clock = new TestClock(new Date('2026-11-21T12:00:00Z'));
  /** Everything that was logged. */
  log = '';
  /** Parts beside the database that do not answer. */
  readonly away = new Set<HealthPart>();
  /** What is on record of backups. */
  backups: BackupRecord = { isEnabled: false, lastSucceededAt: null, lastFailedAt: null, lastProvenAt: null };
  app!: NestFastifyApplication;
  orm!: MikroORM;
  #wakeups!: Wakeups;
  #dropDatabase!: () => Promise<void>;
  #databaseUrl!: string;
  #dataDir!: string;
  #isDataTemporary!: boolean;

  /** Starts one with an empty, migrated database; `env` holds further settings. */
  static async start(env: NodeJS.ProcessEnv = {}, more: Pick<ApiDeps, 'backups'> = {}): Promise<TestApi> {
    return TestApi.#startOn(await createTestDatabase('api'), env, more);
  }

  /** Starts another process's API on the database and the kept keys of this one; it is to be stopped first. */
  async startAnother(env: NodeJS.ProcessEnv = {}): Promise<TestApi> {
    const database = { url: this.#databaseUrl, drop: async () => undefined };
    const another = await TestApi.#startOn(database, { KRONUS_DATA_DIR: this.#dataDir, ...env });
    another.clock.set(this.clock.now());
    return another;
  }

  static async #startOn(
    { url, drop }: { url: string; drop(): Promise<void> },
    env: NodeJS.ProcessEnv,
    more: Pick<ApiDeps, 'backups'> = {},
  ): Promise<TestApi> {
    const api = new TestApi();
    api.#databaseUrl = url;
    api.#dropDatabase = drop;
    const config = loadConfig({ mode: 'test', cwd: process.cwd(), env: { ...env, DATABASE_URL: url } });
    api.#dataDir = config.dataDir;
    api.#isDataTemporary = config.isDataTemporary;
    api.orm = await MikroORM.init(ormConfig(url, config.database.poolSize));
    await api.orm.migrator.up();
    const send = async ({ kind, entityId, signal }: OwedSignal) =>
      void api.signals.push({ kind, entityId, signal });
    api.#wakeups = new Wakeups(api.orm, send, (error) => {
      throw error;
    });
    const { orm, clock } = api;
    const lookAt = (part: HealthPart) => async () => {
      if (api.away.has(part)) throw new PartFault('does not answer');
    };
    const health = new Health(
      {
        postgres: () => orm.em.fork().execute('select 1'),
        temporal: lookAt('temporal'),
        provider: lookAt('provider'),
        redis: null,
        backups: async () => api.backups,
      },
      { ...config.backup, timeZone: config.timeZone, since: clock.now() },
      clock,
    );
    const metrics = new Metrics(
      () => readBacklog(orm.em.fork(), clock.now(), config.minuteMs),
      () => health.ups(),
    );
    const log = { write: (line: string) => void (api.log += line) };
    const rest = { metrics, health, log, tracing: null, wakeups: api.#wakeups };
    api.app = await createApi({ config, orm, clock, ...rest, ...more });
    return api;
  }

  /** Ends it and drops its database. @throws Error when the log held anything of anybody */
  async stop(): Promise<void> {
    await this.app.close();
    await this.#wakeups.drain();
    await this.orm.close();
    await this.#dropDatabase();
    if (this.#isDataTemporary) rmSync(this.#dataDir, { recursive: true, force: true });
    const found = findPrivateInLog(this.log);
    if (found.length > 0) throw new Error(found.join('\n'));
  }

  /** The address of the database. */
  get databaseUrl(): string {
    return this.#databaseUrl;
  }

  /** A fresh view of the database. */
  em(): EntityManager {
    return this.orm.em.fork();
  }

  /** Removes every account and what belongs to it. */
  async clear(): Promise<void> {
    await this.#wakeups.drain();
    await this.em().execute(`truncate users, wakeups restart identity cascade`);
    await this.em().execute(`delete from clients where id > 1`);
    this.signals.length = 0;
  }

  /** The signals that went out, once all that are owed were delivered. */
  async delivered(): Promise<OwedSignal[]> {
    await this.#wakeups.drain();
    return this.signals;
  }

  /** Makes a request without a network. */
  async call(
    method: string,
    url: string,
    { token, body, headers = {} }: RequestOptions = {},
  ): Promise<Answer> {
    const response = await this.app.inject({
      method: method as 'GET',
      url,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const isJson =
      response.body !== '' && String(response.headers['content-type']).startsWith('application/json');
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      body: isJson ? (JSON.parse(response.body) as Answer['body']) : { success: false },
    };
  }

  /** A token for an account that a factory made. */
  async login(user: Pick<User, 'email'>, password = TEST_PASSWORD): Promise<string> {
    const answer = await this.call('POST', '/login', { body: { email: user.email, password } });
    if (answer.status !== 200) throw new Error(`login failed: ${answer.text}`);
    return (answer.body.data as { token: string }).token;
  }
}

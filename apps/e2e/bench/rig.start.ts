import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client, Connection } from '@temporalio/client';
import { ormConfig } from '#libs/db/orm.config';
import { becomesReady, logTail, startChild, StopInReverse } from '#libs/embedded/children';
import { runtimeFlags, startPhones } from '#libs/embedded/phones';
import { freePort } from '#libs/embedded/ports';
import { startPostgres } from '#libs/embedded/postgres';
import type { Say } from '#libs/embedded/progress';
import { removeAtEnd } from '#libs/embedded/watchdog';
import { Phones } from '#libs/testing/phone';
import { Rig } from './rig.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 25_000;
const OWN_CONNECTIONS = 8;
const DATABASE = 'kronus';
const ACCOUNT_SID = `AC${'b'.repeat(32)}`;
const AUTH_TOKEN = 'bench-auth-token';
// What this machine's own Kronus is told must not reach the measured one; where programs are kept may.
const FOREIGN = /^(KRONUS_(?!CACHE_DIR$)|TEMPORAL_|TWILIO_|DATABASE_URL$|GOOGLE_)/;

/** The environment without settings that are meant for another Kronus. */
export const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));

/** How the rig differs from the usual. */
export interface RigOptions {
  /** Where Kronus leaves a CPU profile when it ends. */
  profileDir?: string | undefined;
  /** More settings of Kronus, as environment variables. */
  settings?: NodeJS.ProcessEnv;
}

/**
 * Starts Kronus in production mode as one process (API and worker, with the Temporal that comes along), on a durable
 * PostgreSQL and a Twilio simulator of the bench's own; on free ports, in a temporary folder.  * @throws Error when a part does not start; nothing is left running
 */
export async function startRig(say: Say, options: RigOptions = {}): Promise<Rig> {
  const stopping = new StopInReverse();
  try {
    const dir = mkdtempSync(join(tmpdir(), 'kronus-bench-'));
    removeAtEnd(dir);
    return await startIn(dir, stopping, say, options);
  } catch (error) {
    await stopping.stopAll();
    throw error;
  }
}

async function startIn(
  dir: string,
  stopping: StopInReverse,
  say: Say,
  { profileDir, settings }: RigOptions,
): Promise<Rig> {
  const [port, phonesPort, temporalPort, uiPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const url = `http://127.0.0.1:${port}`;

  say('PostgreSQL');
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres') });
  stopping.add('PostgreSQL', () => postgres.stop());
  await postgres.createDatabase(DATABASE);

  say('the phones');
  const simulator = await startPhones({
    port: phonesPort,
    webhookUrl: `${url}/webhook/sms`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    logFile: join(dir, 'phones.log'),
  });
  stopping.add('phones', () => simulator.stop());

  say('Kronus');
  const dataDir = join(dir, 'data');
  const configFile = join(dir, 'config.yml');
  // All settings are in the environment, but production mode wants a file.
  writeFileSync(configFile, '');
  const logFile = join(dir, 'kronus.log');
  const profiling = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  const kronus = await startChild({
    command: process.execPath,
    args: [...profiling, ...runtimeFlags(), MAIN, 'server', `--config=${configFile}`],
    env: {
      ...plainEnvironment(),
      ...productionSettings(),
      KRONUS_DATA_DIR: dataDir,
      KRONUS_HOST: '127.0.0.1',
      KRONUS_PORT: String(port),
      KRONUS_PUBLIC_URL: url,
      KRONUS_TEMPORAL_PORT: String(temporalPort),
      KRONUS_TEMPORAL_UI_PORT: String(uiPort),
      DATABASE_URL: postgres.url(DATABASE),
      TWILIO_API_BASE_URL: simulator.url,
      ...settings,
    },
    logFile,
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  stopping.add('Kronus', () => kronus.stop());
  const isReady = () => readFileSync(logFile, 'utf8').includes('Kronus is ready');
  if (!(await becomesReady(kronus, isReady, START_LIMIT_MS))) {
    throw new Error(`Kronus does not start: ${logTail(logFile, 20)}`);
  }

  const orm = await MikroORM.init(ormConfig(postgres.url(DATABASE), OWN_CONNECTIONS));
  stopping.add('database connections', () => orm.close());
  const connection = await Connection.connect({ address: `127.0.0.1:${temporalPort}` });
  stopping.add('Temporal connection', () => connection.close());
  return new Rig({
    url,
    authToken: AUTH_TOKEN,
    orm,
    temporal: new Client({ connection }),
    phones: new Phones(simulator.url),
    pids: { kronus: kronus.pid, postgres: postgres.pid, simulator: simulator.pid },
    kronus,
    temporalFile: join(dataDir, 'temporal', 'temporal.db'),
    logFile,
    stop: () => stopping.stopAll(),
  });
}

function productionSettings(): NodeJS.ProcessEnv {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    KRONUS_PRIVATE_KEY_PEM: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    KRONUS_CRON_TIME_ZONE: 'UTC',
    // What is measured is how much it can do, not how much one caller may ask.
    KRONUS_LIMITS_ENABLED: 'false',
    KRONUS_BACKUP_PASS_PHRASE: 'bench-pass-phrase',
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_MESSAGING_SERVICE_SID: `MG${'b'.repeat(32)}`,
  };
}

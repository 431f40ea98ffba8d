import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onPath } from '#libs/embedded/cache-dir';
import { becomesReady, logTail, startChild, StopInReverse, type Child } from '#libs/embedded/children';
import { startPhones } from '#libs/embedded/phones';
import { freePort } from '#libs/embedded/ports';
import { startPostgres } from '#libs/embedded/postgres';
import type { Say } from '#libs/embedded/progress';
import { runCommand } from '#libs/embedded/run-command';
import { startTemporal } from '#libs/embedded/temporal';
import { findTemporal } from '#libs/embedded/temporal-binary';
import { removeAtEnd } from '#libs/embedded/watchdog';
import { Phones } from '#libs/testing/phone';
import { environmentOf, readCompose, ROOT } from './compose-file.ts';
import { buildImage, rootOf } from './image.ts';
import { startNameServer } from './name-server.ts';
import { imageEnvironment, kronusArgs, madeUpVariables, relocation, type Place } from './place.ts';
import { findCaddy, send, startProxy, type Answer, type Request } from './proxy.ts';

/** A container of the compose file, here a process. */
export interface Container {
  name: string;
  /** The loopback address that stands for its own. */
  address: string;
  logFile: string;
  process: Child;
}

/** What runs, and how it is reached. */
interface Parts {
  url: string;
  httpUrl: string;
  authority: string;
  apis: Container[];
  workers: Container[];
  root: string;
  phones: Phones;
  /** What could not be tried here. */
  skipped: string[];
  stopping: StopInReverse;
}

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 25_000;
/** Nobody. */
const USER = 65_534;
const isRoot = process.getuid?.() === 0;
const user = isRoot ? { uid: USER, gid: USER } : {};

/**
 * What `docker compose up` brings up, without an engine: the processes that the image would run, as an ordinary user, each
 * with the environment that docker-compose.yml gives it, behind the proxy with its Caddyfile; only addresses are others.
 * PostgreSQL and Temporal are those that come along, Twilio is simulated.
 */
export class Site {
  readonly url: string;
  readonly httpUrl: string;
  readonly phones: Phones;
  readonly apis: readonly Container[];
  readonly workers: readonly Container[];
  /** What the image holds beyond its base. */
  readonly root: string;
  readonly skipped: readonly string[];

  private constructor(private readonly parts: Parts) {
    ({
      url: this.url,
      httpUrl: this.httpUrl,
      phones: this.phones,
      apis: this.apis,
      workers: this.workers,
      root: this.root,
      skipped: this.skipped,
    } = parts);
  }

  /** `image` is a folder that keeps what the image holds, from run to run. @throws Error when a part does not start; nothing is left running */
  static async start(say: Say, image?: string): Promise<Site> {
    const caddy = findCaddy();
    if (!caddy) throw new Error('there is no proxy: install caddy, or name its program by KRONUS_CADDY');
    const stopping = new StopInReverse();
    try {
      return new Site(await startParts(say, caddy, image, stopping));
    } catch (error) {
      await stopping.stopAll();
      throw error;
    }
  }

  /** Asks the proxy by https. */
  ask(path: string, request: Request = {}): Promise<Answer> {
    return send(this.url + path, request, this.parts.authority);
  }

  /** Ends everything. */
  stop(): Promise<void> {
    return this.parts.stopping.stopAll();
  }
}

async function startParts(
  say: Say,
  caddy: string,
  image: string | undefined,
  stopping: StopInReverse,
): Promise<Parts> {
  const dir = mkdtempSync(join(tmpdir(), 'kronus-site-'));
  chmodSync(dir, 0o711);
  removeAtEnd(dir);
  say('the image');
  const folder = image ? resolve(image) : join(dir, 'image');
  const root = existsSync(rootOf(folder)) ? rootOf(folder) : await buildImage(folder, say);
  const skipped: string[] = [];

  say('PostgreSQL');
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres') });
  stopping.add('PostgreSQL', () => postgres.stop());
  say('Temporal');
  const binary = await findTemporal({ say });
  const temporal = await startTemporal({ binary, logFile: join(dir, 'temporal.log') });
  stopping.add('Temporal', () => temporal.stop());
  const redisPort = await startRedis(dir, stopping);
  if (redisPort === null) skipped.push('what APIs count together: there is no redis-server');

  const ports = { http: await freePort(), https: await freePort(), api: await freePort() };
  const phonesPort = await freePort();
  const variables = madeUpVariables(postgres.url('postgres'), `http://127.0.0.1:${phonesPort}`);
  const [backups, kept] = [join(dir, 'backups'), join(dir, 'kept')];
  for (const folder of [backups, kept]) {
    mkdirSync(folder, { mode: 0o700 });
    if (isRoot) chownSync(folder, USER, USER);
  }
  const relocate = relocation({
    'postgres:5432': `127.0.0.1:${postgres.port}`,
    'temporal:7233': temporal.address,
    'redis:6379': `127.0.0.1:${redisPort}`,
    [`https://${variables['KRONUS_DOMAIN']}`]: `https://${variables['KRONUS_DOMAIN']}:${ports.https}`,
    '172.30.39.2': '127.0.0.1',
    '/backups': backups,
    '/tmp/kronus': kept,
  });
  const file = readCompose(variables);
  const place: Place = { dir, root, file, variables, relocate, ports, hasRedis: redisPort !== null };

  await prepareDatabases(place, postgres.url('postgres'), say, skipped);
  const running = new Set<string>();
  const nameServer = await startNameServer((name) => (name === 'api' ? [...running] : []));
  stopping.add('name server', () => nameServer.stop());
  say('the proxy');
  const proxy = await startProxy(caddy, {
    folder: join(dir, 'proxy'),
    ports,
    nameServer: nameServer.address,
    environment: environmentOf(file.services['proxy']!, variables),
  });
  stopping.add('proxy', () => proxy.stop());

  const url = `https://localhost:${ports.https}`;
  // The phones trust the proxy's certificate, as Twilio does a public one.
  process.env['NODE_EXTRA_CA_CERTS'] = proxy.authority;
  const phones = await startPhones({
    port: phonesPort,
    webhookUrl: `${url}/webhook/sms`,
    accountSid: variables['TWILIO_ACCOUNT_SID']!,
    authToken: variables['TWILIO_AUTH_TOKEN']!,
    logFile: join(dir, 'phones.log'),
  });
  stopping.add('phones', () => phones.stop());

  const start = (name: 'api' | 'worker') => startReplicas(place, name, stopping, say);
  const [apis, workers] = [await start('api'), await start('worker')];
  for (const api of apis) {
    running.add(api.address);
    void api.process.exited.then(() => running.delete(api.address));
  }
  return {
    url,
    httpUrl: `http://localhost:${ports.http}`,
    authority: proxy.authority,
    apis,
    workers,
    root,
    phones: new Phones(phones.url),
    skipped,
    stopping,
  };
}

async function startRedis(dir: string, stopping: StopInReverse): Promise<number | null> {
  const program = onPath('redis-server');
  if (!program) return null;
  const [, ...args] = readCompose().services['redis']!.command!;
  const port = await freePort();
  const logFile = join(dir, 'redis.log');
  const redis = await startChild({
    command: program,
    args: [...args, '--port', String(port), '--bind', '127.0.0.1'],
    env: { PATH: process.env['PATH'] },
    cwd: dir,
    logFile,
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  stopping.add('Redis', () => redis.stop());
  if (
    await becomesReady(redis, () => readFileSync(logFile, 'utf8').includes('Ready to accept'), START_LIMIT_MS)
  )
    return port;
  throw new Error(`Redis does not start: ${logTail(logFile)}`);
}

/** What the two services do that run once: Temporal's databases, and Kronus' roles, database and schema; twice, because every `up` does it. */
async function prepareDatabases(
  place: Place,
  superuserUrl: string,
  say: Say,
  skipped: string[],
): Promise<void> {
  const { file, variables, relocate } = place;
  const { hostname, port } = new URL(superuserUrl);
  const temporal = file.services['temporal-setup']!;
  const [psql, ...args] = temporal.command!;
  if (onPath(psql!)) {
    const env = { PATH: process.env['PATH'], ...environmentOf(temporal, variables) };
    const sql = args.map((arg) => arg.replace('/sql/', join(ROOT, 'deploy/postgres/')));
    say("Temporal's databases");
    for (const _ of ['first', 'again'])
      await runCommand(psql!, sql, { env: { ...env, PGHOST: hostname, PGPORT: port } });
  } else skipped.push("Temporal's own role: there is no psql");

  const setup = file.services['setup']!;
  say('roles, database, schema');
  for (const _ of ['first', 'again'])
    await runCommand(process.execPath, kronusArgs(place, setup.command!), {
      ...user,
      env: { ...imageEnvironment(place), ...relocate(environmentOf(setup, variables)) },
    });
}

/** Starts every replica of a service at a loopback address of its own, on the ports that it has in its container. */
async function startReplicas(
  place: Place,
  name: 'api' | 'worker',
  stopping: StopInReverse,
  say: Say,
): Promise<Container[]> {
  const { file, variables, relocate, dir, ports } = place;
  const service = file.services[name]!;
  const environment = relocate(environmentOf(service, variables));
  if (!place.hasRedis) delete environment['REDIS_URL'];
  const replicas = Array.from({ length: service.deploy!.replicas! }, (_, index) => index + 1);
  const containers: Container[] = [];
  for (const replica of replicas) {
    const container = `${name}-${replica}`;
    say(container);
    const address = `127.39.${name === 'api' ? 1 : 2}.${replica}`;
    const logFile = join(dir, `${container}.log`);
    const child = await startChild({
      command: process.execPath,
      args: kronusArgs(place, service.command!),
      env: {
        ...imageEnvironment(place),
        ...environment,
        KRONUS_HOST: address,
        ...(name === 'api' && { KRONUS_PORT: String(ports.api) }),
      },
      cwd: join(place.root, 'app'),
      ...user,
      logFile,
      stopSignal: 'SIGTERM',
      stopLimitMs: STOP_LIMIT_MS,
    });
    stopping.add(container, () => child.stop());
    const isReady = () => readFileSync(logFile, 'utf8').includes('Kronus is ready');
    if (!(await becomesReady(child, isReady, START_LIMIT_MS, 100)))
      throw new Error(`${container} does not start: ${logTail(logFile, 20)}`);
    containers.push({ name: container, address, logFile, process: child });
  }
  return containers;
}

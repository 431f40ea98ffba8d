import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { onPath } from '#libs/embedded/cache-dir';
import { becomesReady, logTail, startChild, type Child } from '#libs/embedded/children';
import { ROOT } from './compose-file.ts';

/** Where the proxy is to listen, and where it finds the names of services. */
export interface ProxyOptions {
  folder: string;
  ports: { http: number; https: number; api: number };
  nameServer: string;
  environment: Record<string, string>;
}

/** The running proxy. */
export interface Proxy extends Child {
  /** The file of the authority that its certificates come from. */
  authority: string;
}

/** An answer as it came. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What is sent; `from` is the address that the request comes from. */
export interface Request {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  from?: string;
}

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
const ANSWER_LIMIT_MS = 60_000;

/** The proxy's program, or undefined; `KRONUS_CADDY` names one that is not on the PATH. */
export const findCaddy = (): string | undefined => process.env['KRONUS_CADDY'] || onPath('caddy');

/**
 * Starts the proxy with deploy/proxy/Caddyfile, in which only addresses are others: the ports that it listens on, on
 * the loopback address only, the port of the APIs and the name server. @throws Error when it does not start
 */
export async function startProxy(program: string, options: ProxyOptions): Promise<Proxy> {
  const { folder, environment } = options;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, withOurAddresses(readFileSync(join(ROOT, 'deploy/proxy/Caddyfile'), 'utf8'), options));
  const logFile = join(folder, 'proxy.log');
  const authority = join(folder, 'caddy/pki/authorities/local/root.crt');
  const child = await startChild({
    command: program,
    args: ['run', '--config', file, '--adapter', 'caddyfile'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      ...environment,
    },
    logFile,
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  const isReady = () =>
    existsSync(authority) && readFileSync(logFile, 'utf8').includes('serving initial configuration');
  if (await becomesReady(child, isReady, START_LIMIT_MS, 100)) return { ...child, authority };
  await child.stop();
  throw new Error(`the proxy does not start: ${logTail(logFile, 20)}`);
}

function withOurAddresses(text: string, { ports, nameServer }: ProxyOptions): string {
  const global = [
    'admin off',
    'skip_install_trust',
    'default_bind 127.0.0.1',
    `http_port ${ports.http}`,
    `https_port ${ports.https}`,
  ];
  const changes: [string, string][] = [
    ['port 3900', `port ${ports.api}`],
    ['udp/127.0.0.11:53', `udp/${nameServer}`],
  ];
  for (const [old, ours] of changes) {
    if (text.split(old).length !== 2) throw new Error(`the Caddyfile should say "${old}" once`);
    text = text.replace(old, ours);
  }
  // The first block is the global one.
  return text.replace(/^\{\n/m, (opening) => opening + global.map((line) => `\t${line}\n`).join(''));
}

/** Sends a request and answers what came, whatever it is. Certificates of `authority` are trusted. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body, from }: Request,
  authority?: string,
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options = {
    method,
    headers: { ...headers, ...(text !== undefined && { 'Content-Type': 'application/json' }) },
    // A connection of its own, as of a caller of its own.
    agent: false as const,
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    ...(from !== undefined && { localAddress: from }),
    ...(authority !== undefined && { ca: readFileSync(authority) }),
  };
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sending = request(url, options, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
      );
      response.on('error', reject);
    });
    sending.on('error', reject).end(text);
  });
}

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const tryListen = (port: number, host: string): Promise<{ port: number } | { code: string }> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? error.message }));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      server.close(() => resolve({ port: bound }));
    });
  });

// Both, because some systems let a wildcard listener stand beside one on the loopback address.
const USUAL_HOSTS = ['0.0.0.0', '127.0.0.1'];

/** Why nobody can listen on `port` (an error code such as `EADDRINUSE`), or undefined when one can. */
const obstacle = async (port: number, hosts = USUAL_HOSTS): Promise<string | undefined> => {
  for (const host of hosts) {
    const result = await tryListen(port, host);
    if ('code' in result) return result.code;
  }
  return undefined;
};

/**
 * Makes sure that `port` can be listened on; at an address of its own (`host`) others may listen on the same port elsewhere.
 * @throws Error with one sentence naming the part (`what`) and the setting that moves it.
 */
export const assertPortFree = async (
  port: number,
  what: string,
  setting: string,
  host = '0.0.0.0',
): Promise<void> => {
  const code = await obstacle(port, USUAL_HOSTS.includes(host) ? USUAL_HOSTS : [host]);
  if (!code) return;
  const problem = code === 'EACCES' ? 'may not be opened by this user' : 'is taken';
  throw new Error(`Port ${port} (${what}) ${problem}; set ${setting} to another one.`);
};

/** Below the range from which systems take ports for outgoing connections (32768 on Linux, 49152 elsewhere). */
const FREE_PORTS = { from: 20_000, to: 32_000 };
const MAX_TRIES = 200;

/** A TCP port that is free at this moment, and that no outgoing connection will be given a moment later. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to);
    if (!(await obstacle(port))) return port;
  }
  throw new Error(`No free port from ${FREE_PORTS.from} to ${FREE_PORTS.to} found.`);
};

/** `wanted` when it is free, else any free port. */
export const portOr = async (wanted: number): Promise<number> =>
  (await obstacle(wanted)) ? freePort() : wanted;

import { connect, createServer, type Socket } from 'node:net';

/** What stands before several APIs, as a proxy does in production. */
export interface Balancer {
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Passes connections on to the ports in turn, over those that refuse; a connection breaks with the process behind it. */
export async function startBalancer(port: number, behind: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;

  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    turn += 1;
    passOn(
      client,
      behind.map((_, index) => behind[(turn + index) % behind.length]!),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, HOST, resolve);
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of open) client.destroy();
      }),
  };
}

function passOn(client: Socket, [port, ...others]: number[]): void {
  if (port === undefined) {
    client.destroy();
    return;
  }
  const upstream = connect(port, HOST);
  let isConnected = false;
  upstream.once('connect', () => {
    isConnected = true;
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => {
    if (isConnected) client.destroy();
    else passOn(client, others);
  });
  upstream.once('close', () => isConnected && client.destroy());
  client.once('close', () => upstream.destroy());
}

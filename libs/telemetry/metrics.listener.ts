import { createServer } from 'node:http';
import { once } from 'node:events';
import { METRICS_TYPE, type Metrics } from './metrics.ts';

/** A listener that answers `GET /metrics` and nothing else. */
export interface MetricsListener {
  port: number;
  close(): Promise<void>;
}

/** Serves the metrics of a process that has no API. @throws Error when the port is taken */
export async function listenForMetrics(
  metrics: Metrics,
  { host, port }: { host: string; port: number },
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?');
    if (path !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET') return void response.writeHead(405, { Allow: 'GET' }).end();
    void metrics.render().then((text) => response.writeHead(200, { 'Content-Type': METRICS_TYPE }).end(text));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

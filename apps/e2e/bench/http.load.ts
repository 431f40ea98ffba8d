import autocannon, { type Request } from 'autocannon';
import { spreadOf, type Spread } from './figures.ts';

/** What each connection sends again and again; the number is the connection's own, from 0. */
export type RequestOf = (connection: number) => Request;

/** How a route held up under load. */
export interface LoadResult {
  connections: number;
  perSecond: number;
  latencyMs: Spread;
  /** Answers other than 2xx, and connections that failed. */
  errors: number;
  statuses: Record<string, number>;
}

/** Sends requests over so many connections for so long, each as soon as the one before was answered. */
export async function load(
  url: string,
  connections: number,
  seconds: number,
  requestOf: RequestOf,
): Promise<LoadResult> {
  const latencies: number[] = [];
  let connection = 0;
  const run = autocannon({
    url,
    connections,
    duration: seconds,
    setupClient: (client) => client.setRequests([requestOf(connection++)]),
  });
  run.on('response', (_client: unknown, _status: number, _bytes: number, ms: number) => latencies.push(ms));
  const result = await run;
  const statuses = Object.entries(result.statusCodeStats).map(
    ([status, { count }]) => [status, count] as const,
  );
  return {
    connections,
    perSecond: result['2xx'] / result.duration,
    latencyMs: spreadOf(latencies),
    errors: result.non2xx + result.errors,
    statuses: Object.fromEntries(statuses),
  };
}

import type { FastifyInstance } from 'fastify';
import type { Metrics } from '#libs/telemetry/metrics';

/** Requests that no route takes are one route, whatever paths are tried. */
const UNROUTED = 'unrouted';

/** Counts every answered request by its route's pattern. Call it before routes are added. */
export function countRequests(server: FastifyInstance, metrics: Metrics): void {
  server.addHook('onResponse', (request, reply, done) => {
    metrics.observe({
      method: request.method,
      route: request.routeOptions.url ?? UNROUTED,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
    done();
  });
}

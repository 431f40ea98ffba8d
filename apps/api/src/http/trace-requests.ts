import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OpenStep, Tracing } from '#libs/telemetry/tracing';
import { kindOf } from '../limits/limit.rules.ts';

/**
 * Makes each request to a route a step of a trace: the caller's where it sends a `traceparent`, else a new one. What
 * monitors ask is left out. Call it before routes are added.
 */
export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  const steps = new WeakMap<FastifyRequest, OpenStep>();

  server.addHook('onRequest', (request, _reply, done) => {
    const { method, headers, id } = request;
    const route = request.routeOptions.url;
    if (route !== undefined && kindOf(method, route) !== 'never') {
      const attributes = { 'http.request.method': method, 'http.route': route, 'kronus.request_id': id };
      const cause = headers.traceparent;
      const step = { name: `${method} ${route}`, kind: 'server' as const, attributes };
      steps.set(request, tracing.begin(typeof cause === 'string' ? { ...step, cause } : step));
    }
    done();
  });

  // After the body was read, which forgets what it runs in.
  server.addHook('preHandler', (request, _reply, done) => {
    const step = steps.get(request);
    if (step) step.run(done);
    else done();
  });

  server.addHook('onResponse', (request, { statusCode }, done) => {
    const fault = statusCode >= 500 ? String(statusCode) : undefined;
    steps.get(request)?.end({ attributes: { 'http.response.status_code': statusCode }, fault });
    done();
  });
}

import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { auditRequests } from './audit/audit-requests.ts';
import { AppModule } from './app.module.ts';
import type { ApiDeps } from './deps.module.ts';
import { serveDocs } from './http/openapi.ts';
import { createLogger } from './http/request-log.ts';
import { createServer } from './http/server.ts';
import { traceRequests } from './http/trace-requests.ts';
import { createGate } from './limits/create-gate.ts';
import type { RequestGate } from './limits/request-gate.ts';
import { countRequests } from './metrics/request-metrics.ts';

const CLOSE_LIMIT_MS = 3_000;

export type { ApiDeps } from './deps.module.ts';
export { createUserAsOperator, type OperatorUser } from './users/operator.ts';

/** A listening API. */
export interface RunningApi {
  /** The port it listens on, also when the configured one was 0. */
  port: number;
  /** Stops listening, lets running requests end, then resolves. Ends none of the parts it was given. */
  close(): Promise<void>;
}

/** The API as an application that does not listen yet; tests talk to it by `inject`. */
export async function createApi(deps: ApiDeps): Promise<NestFastifyApplication> {
  const logger = createLogger(deps.log);
  const { limits } = deps.config;
  let gate: RequestGate | null = null;
  const server = createServer(logger, deps.config, (bare) => {
    if (limits.isEnabled) gate = createGate(bare, limits, logger);
  });
  countRequests(server.getInstance(), deps.metrics);
  if (deps.tracing) traceRequests(server.getInstance(), deps.tracing);
  auditRequests(server.getInstance(), deps.orm, logger);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(deps, logger, gate),
    server,
    // Start-up shows its faults only, and throws them instead of ending the process.
    { bodyParser: false, abortOnError: false, logger: ['fatal', 'error', 'warn'] },
  );
  serveDocs(app);
  await app.init();
  app.useLogger(app.get(Logger));
  return app;
}

/** Starts the API on the configured host and port. @throws Error when the port is taken */
export async function startApi(deps: ApiDeps): Promise<RunningApi> {
  const app = await createApi(deps);
  await app.listen(deps.config.port, deps.config.host);
  const address = app.getHttpServer().address();
  if (typeof address !== 'object' || !address) throw new Error('the API has no port');
  return { port: address.port, close: () => close(app) };
}

/** Requests under way get a while to end; a connection that is still open then (a slow client's) is cut. */
async function close(app: NestFastifyApplication): Promise<void> {
  const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), CLOSE_LIMIT_MS);
  await app.close();
  clearTimeout(cut);
}

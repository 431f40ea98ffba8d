import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { Config } from '#libs/config/config';
import { onBehalfOf } from '#libs/db/request-id';
import { AppError } from '#libs/domain/errors';
import { MAX_BODY_BYTES, parseBodies } from './body.ts';
import { allowOrigins } from './cors.ts';
import { answerFailure, toFailure, toFailureView } from './failure.ts';
import { logRequests, pathOf } from './request-log.ts';
import { RouteTable } from './route-table.ts';
import { securityHeaders } from './security-headers.ts';

const RECEIVE_LIMIT_MS = 30_000;
const HANDLE_LIMIT_MS = 30_000;
// Longer than the idle time of common load balancers (60 s), so that they close first.
const KEEP_ALIVE_MS = 65_000;

/**
 * The HTTP server under Nest: request ids, headers, limits, bodies, and answers to what no route takes. `admit` adds what
 * is asked before a request is looked at.
 */
export function createServer(
  logger: Logger,
  config: Config,
  admit: (server: FastifyInstance) => void,
): FastifyAdapter {
  const isHttps = config.publicUrl.startsWith('https://');
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: RECEIVE_LIMIT_MS,
    handlerTimeout: HANDLE_LIMIT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    trustProxy: config.trustProxy,
    routerOptions: { ignoreTrailingSlash: true },
    genReqId: requestIdOf,
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      identify(request, reply, isHttps);
      return answerFailure(request, reply, toFailure(error));
    },
  });
  const server = adapter.getInstance() as FastifyInstance;
  const routes = new RouteTable();
  server.addHook('onRoute', ({ method, path }) => routes.add(method, path));
  server.addHook('onRequest', (request, reply, done) => {
    identify(request, reply, isHttps);
    done();
  });
  allowOrigins(server, config.corsOrigins);
  admit(server);
  server.addHook('onRequest', (request, reply, done) => {
    // Bodies are read by route: what the type says, sense or nonsense, is not looked at.
    if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/json';
    if (request.is404) return refuseUnrouted(routes, request, reply, done);
    onBehalfOf(request.id, done);
  });
  logRequests(server, logger);
  parseBodies(server);
  return adapter;
}

/** Answers what is not HTTP, has too long headers or comes too slowly; there is no request then, only a connection. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const failure = { status, code: 'malformed_request', messages: ['the request is not readable as HTTP'] };
  const body = JSON.stringify(toFailureView(failure, randomUUID()));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** The caller's request id when it is short and printable, else a new one. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
}

function identify(request: FastifyRequest, reply: FastifyReply, isHttps: boolean): void {
  reply.header('X-Request-Id', request.id);
  reply.headers(securityHeaders(pathOf(request.url), isHttps));
}

/** Answers before the body is read: what it holds can not matter. */
function refuseUnrouted(
  routes: RouteTable,
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const allowed = routes.methodsOf(pathOf(request.url));
  if (allowed.length === 0) return done(new AppError('not_found', 'there is no such route'));
  reply.header('Allow', allowed.join(', '));
  if (request.method === 'OPTIONS') void reply.code(204).send();
  else
    done(
      new AppError(
        'method_not_allowed',
        `${request.method} is not possible here, only ${allowed.join(', ')}`,
      ),
    );
}

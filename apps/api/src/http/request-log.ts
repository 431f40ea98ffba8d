import type { FastifyInstance } from 'fastify';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';

/** The logger of the API: one JSON object a line, on standard output or where it is told. */
export const createLogger = (destination?: DestinationStream): Logger => {
  const options = { level: 'info', base: undefined, timestamp: stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
};

/** Writes one line for each answered request; paths only, because queries and bodies can name people. */
export function logRequests(server: FastifyInstance, logger: Logger): void {
  server.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode;
    logger[status >= 500 ? 'error' : 'info'](
      {
        request_id: request.id,
        method: request.method,
        path: loggablePath(request.url),
        status,
        duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
    done();
  });
}

/** The path of a request's address, without the query. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

// Longer than any id or name of a route; a number as long as this may be a phone's.
const MOST_SEGMENT = 64;
const PERSONAL = /@|%40|\d{8,}|\.[\w-]{10,}\./i;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The path of a request's address, without what somebody may have written there by mistake instead of an id. */
export const loggablePath = (url: string): string =>
  pathOf(url)
    .split('/')
    .map((part) => (!UUID.test(part) && (PERSONAL.test(part) || part.length > MOST_SEGMENT) ? '***' : part))
    .join('/');

import type { FastifyInstance } from 'fastify';
import { pino, stdTimeFunctions, type Logger } from 'pino';
import type { Config } from '#libs/config/config';

/** The logger of the API: one JSON object a line; silent in tests. */
export const createLogger = (mode: Config['mode']): Logger =>
  pino({
    level: mode === 'test' ? 'silent' : 'info',
    base: undefined,
    timestamp: stdTimeFunctions.isoTime,
  });

/** Writes one line for each answered request; paths only, because queries and bodies can name people. */
export function logRequests(server: FastifyInstance, logger: Logger): void {
  server.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode;
    logger[status >= 500 ? 'error' : 'info'](
      {
        request_id: request.id,
        method: request.method,
        path: pathOf(request.url),
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

import type { FastifyInstance } from 'fastify';

/** What a page of an allowed site may send, and read besides the body. */
const REQUEST_HEADERS = 'Authorization, Content-Type, If-Match, X-Api-Key, X-Request-Id';
const ANSWER_HEADERS = 'Allow, Retry-After, X-Request-Id';
const ASK_AGAIN_AFTER_S = 600;

/**
 * Lets pages of these origins call the API, and no others. Without cookies: whoever calls shows a token, which a
 * foreign page does not have. Source: Fetch standard, "CORS protocol".
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin !== undefined && origins.includes(origin)) {
      reply.header('Access-Control-Allow-Origin', origin);
      reply.header('Access-Control-Expose-Headers', ANSWER_HEADERS);
      if (request.method === 'OPTIONS') {
        reply.header('Access-Control-Allow-Headers', REQUEST_HEADERS);
        reply.header('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE');
        reply.header('Access-Control-Max-Age', String(ASK_AGAIN_AFTER_S));
      }
    }
    done();
  });
}

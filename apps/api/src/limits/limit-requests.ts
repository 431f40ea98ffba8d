import type { FastifyInstance } from 'fastify';
import { toFailure, toFailureView } from '../http/failure.ts';
import type { RequestGate } from './request-gate.ts';

/** Puts the gate before everything that a request makes the server do. Call it before routes are added. */
export function limitRequests(server: FastifyInstance, gate: RequestGate): void {
  server.addHook('onRequest', (request, reply) => gate.enter(request, reply));
  server.addHook('preHandler', (request, reply) => gate.enterLogin(request, reply, accountOf(request.body)));
  server.addHook('onSend', async (request, reply, payload) => {
    const refusal = await gate.leave(request, reply);
    if (!refusal) return payload;
    const failure = toFailure(refusal);
    reply.removeHeader('WWW-Authenticate');
    reply.removeHeader('Content-Length');
    reply.code(failure.status).type('application/json; charset=utf-8');
    return JSON.stringify(toFailureView(failure, request.id));
  });
}

/** The account that a log-in names; null when it names none. */
function accountOf(body: unknown): string | null {
  const { email } = (body ?? {}) as { email?: unknown };
  return typeof email === 'string' ? email : null;
}

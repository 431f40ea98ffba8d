import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import { audit, type AuditTarget } from '#libs/db/queries/audit';
import { currentAct } from '#libs/db/request-id';
import { pathOf } from '../http/request-log.ts';
import { kindOf } from '../limits/limit.rules.ts';

const ID = /^\d{1,9}$/;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Writes down, before the answer goes out, what no transaction did: acts that change no row of ours, those that were
 * forbidden, and log-ins with wrong credentials. Call it before routes are added. An answer never fails for want of it.
 */
export function auditRequests(server: FastifyInstance, orm: MikroORM, logger: Logger): void {
  server.addHook('onSend', async (request, reply) => {
    const act = currentAct();
    if (!act || act.isRecorded) return;
    const { statusCode: status } = reply;
    const isDone = status >= 200 && status < 300;
    const isRefused = status === 403 || (status === 401 && isLogin(request));
    if (!isDone && !isRefused) return;
    try {
      await audit(orm.em.fork(), targetOf(request, act.actor() !== null), isDone ? 'done' : 'refused');
    } catch (error) {
      const type = error instanceof Error ? error.name : 'unknown';
      logger.error(
        { request_id: request.id, action: act.action, error: type },
        'the audit log was not written',
      );
    }
  });
}

/** Nobody who is known acts on the account whose address they give; somebody who is known, on that of the path. */
function targetOf(request: FastifyRequest, isKnown: boolean): AuditTarget {
  const { uid = '', id = '' } = (request.params ?? {}) as { uid?: string; id?: string };
  return {
    ...(ID.test(uid) && { userId: Number(uid) }),
    ...(UUID.test(uid) && { userUuid: uid }),
    ...(!isKnown && { email: emailOf(request) }),
    ...((ID.test(id) || UUID.test(id)) && { targetId: id }),
  };
}

/** Elsewhere a 401 is about the token, and says nothing of the account in the body. */
const isLogin = ({ method, url }: FastifyRequest) => kindOf(method, pathOf(url)) === 'login';

function emailOf({ body }: FastifyRequest): string | undefined {
  const { email } = (body ?? {}) as { email?: unknown };
  return typeof email === 'string' ? email.trim().toLowerCase() : undefined;
}

import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { beginAct } from '#libs/db/request-id';
import type { Clock } from '#libs/domain/clock';
import { CLOCK } from '../app.tokens.ts';
import type { Caller } from '../auth/caller.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const FIELD = /^[A-Za-z_]{1,64}$/;

/** Notes what a request that changes something is about to do, before anything else is asked of it. Lets everything pass. */
@Injectable()
export class AuditGuard implements CanActivate {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user?: Caller }>();
    // What Twilio calls is no act of a user, and is on record as texts and reports.
    if (READS.has(request.method) || request.url.startsWith('/webhook/')) return true;
    beginAct({
      action: actionOf(context.getClass().name, context.getHandler().name),
      at: this.clock.now(),
      address: request.ip,
      actor: () => request.user ?? null,
      fields: () => fieldsOf(request),
      isRecorded: false,
    });
    return true;
  }
}

/** `ProbeSettingsController`, `update` is `probe_settings.update`; `patch` means the same as `update`. */
export function actionOf(controller: string, handler: string): string {
  const snake = (text: string) => text.replace(/(?<=[a-z\d])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return `${snake(controller.replace(/Controller$/, ''))}.${handler === 'patch' ? 'update' : snake(handler)}`;
}

/** The names of the fields of a body; one that was not asked for may be called anything, so odd names are left out. */
function fieldsOf({ method, body }: FastifyRequest): string[] {
  if (method === 'DELETE' || typeof body !== 'object' || body === null) return [];
  return Object.keys(body)
    .filter((name) => FIELD.test(name))
    .sort();
}

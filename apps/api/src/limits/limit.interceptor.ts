import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { RequestGate } from './request-gate.ts';

/** Counts a request for whom it turned out to come from, after the guards and before anything is done. */
@Injectable()
export class LimitInterceptor implements NestInterceptor {
  constructor(private readonly gate: RequestGate) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { user?: { id: number } }>();
    await this.gate.pass(request, http.getResponse<FastifyReply>(), request.user);
    return next.handle();
  }
}

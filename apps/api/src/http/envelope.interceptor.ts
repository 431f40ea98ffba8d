import {
  Injectable,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { Success } from '#libs/contract/errors';
import { Page } from './paging.ts';

const BARE = 'bare';

/** The route answers as it is, without an envelope. */
export const Bare = () => SetMetadata(BARE, true);

/** Wraps what a route returns as `{success, data, paging?, request_id}`; a route that returns nothing has no `data`. */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (this.reflector.get<boolean>(BARE, context.getHandler())) return next.handle();
    const requestId = context.switchToHttp().getRequest<FastifyRequest>().id;
    return next.handle().pipe(map((result) => wrap(result, requestId)));
  }
}

const wrap = (result: unknown, requestId: string): Success<unknown> =>
  result instanceof Page
    ? { success: true, data: result.items, paging: result.paging, request_id: requestId }
    : { success: true, data: result, request_id: requestId };

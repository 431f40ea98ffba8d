import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError } from '#libs/domain/errors';

/** Injects the version that an If-Match header names (`3`, `"3"` or `W/"3"`); `*` and no header name none. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): number | undefined => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  if (header === undefined || header === '*') return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$|^(\d{1,9})$/.exec(header);
  if (!version) throw new AppError('validation', 'If-Match must be a version, like "3"');
  return Number(version[1] ?? version[2]);
});

import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { DriverException } from '@mikro-orm/postgresql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerFailure, toFailure } from './failure.ts';

/** Answers everything that is thrown while a request is handled, and logs what is not the caller's doing. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('api');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const failure = toFailure(error);
    if (failure.status >= 500) {
      this.logger.error({ request_id: request.id, error: describe(error) }, 'request failed');
    }
    if (!reply.sent) answerFailure(request, reply, failure);
  }
}

/** What a log may hold of an error: the texts of database errors quote statements with their values, so they stay out. */
function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  const message = error instanceof DriverException ? undefined : error.message;
  return { type: error.name, message, code, constraint, stack: frames.join('\n') };
}

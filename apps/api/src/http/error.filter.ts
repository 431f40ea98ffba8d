import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerFailure, toFailure } from './failure.ts';
import { loggableError } from '#libs/db/loggable-error';

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
      this.logger.error({ request_id: request.id, error: loggableError(error) }, 'request failed');
    }
    if (!reply.sent) answerFailure(request, reply, failure);
  }
}

import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type ErrorCode } from '#libs/domain/errors';
import { texts } from '#libs/domain/texts';
import { twiml } from '#libs/twilio/twiml';
import { toFailure } from '../http/failure.ts';
import { loggableError } from '#libs/db/loggable-error';

const REFUSALS = new Set<ErrorCode>(['unauthenticated', 'forbidden', 'rate_limited']);

/**
 * Answers Twilio's message webhook in its own language when something is wrong: 401 or 403 and nothing for a request
 * that is not signed or about another account, 429 when there are too many, otherwise 200 and an apology, because any other code would make Twilio read out its own error.
 */
@Catch()
export class TwimlFilter implements ExceptionFilter {
  private readonly logger = new Logger('webhook');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>().type('text/xml');
    if (error instanceof AppError && REFUSALS.has(error.code)) {
      void reply.code(toFailure(error).status).send(twiml(null));
      return;
    }
    const { id } = http.getRequest<FastifyRequest>();
    this.logger.error({ request_id: id, error: loggableError(error) }, 'request failed');
    void reply.code(200).send(twiml(texts.en.applicationErrorReply()));
  }
}

import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '#libs/domain/errors';
import { texts } from '#libs/domain/texts';
import { twiml } from '#libs/twilio/twiml';
import { toFailure } from '../http/failure.ts';

/**
 * Answers Twilio's message webhook in its own language when something is wrong: 401 or 403 and nothing for a request
 * that is not signed or about another account, otherwise 200 and an apology, because any other code would make Twilio read out its own error.
 */
@Catch()
export class TwimlFilter implements ExceptionFilter {
  private readonly logger = new Logger('webhook');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>().type('text/xml');
    if (error instanceof AppError && (error.code === 'unauthenticated' || error.code === 'forbidden')) {
      void reply.code(toFailure(error).status).send(twiml(null));
      return;
    }
    const { id } = http.getRequest<FastifyRequest>();
    this.logger.error({ requestId: id, error: error instanceof Error ? error.stack : String(error) });
    void reply.code(200).send(twiml(texts.en.applicationErrorReply()));
  }
}

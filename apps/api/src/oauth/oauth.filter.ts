import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OAuthFailure } from '#libs/contract/oauth.contract';
import { AppError } from '#libs/domain/errors';
import { answerFailure, toFailure } from '../http/failure.ts';
import { OAuthError } from './oauth-error.ts';

/** Answers apps in the form of OAuth what is theirs to mend; the rest (too many, not ready) as everywhere. */
@Catch(OAuthError, AppError)
export class OAuthFilter implements ExceptionFilter<OAuthError | AppError> {
  catch(error: OAuthError | AppError, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    if (error instanceof AppError && error.code !== 'validation') {
      return answerFailure(http.getRequest<FastifyRequest>(), reply, toFailure(error));
    }
    const failure: OAuthFailure =
      error instanceof OAuthError
        ? { error: error.code, error_description: error.description }
        : { error: 'invalid_request', error_description: error.message };
    void reply.code(400).send(failure);
  }
}

import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AppError } from '#libs/domain/errors';
import { toFailure } from '../http/failure.ts';

/** Refuses a status callback by its code alone: nobody reads what is answered to one. */
@Catch(AppError)
export class CallbackFilter implements ExceptionFilter<AppError> {
  catch(error: AppError, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().code(toFailure(error).status).send();
  }
}

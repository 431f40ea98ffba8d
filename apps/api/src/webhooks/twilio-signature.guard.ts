import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Config } from '#libs/config/config';
import { AppError } from '#libs/domain/errors';
import { isSignedByTwilio } from '#libs/twilio/signature';
import { CONFIG } from '../app.tokens.ts';

/**
 * Lets only requests through that Twilio signed for our public address and with our token, and that are about our
 * account: a main account's token also signs for others.
 * @throws AppError unauthenticated, forbidden
 */
@Injectable()
export class TwilioSignatureGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const signature = request.headers['x-twilio-signature'];
    const isSigned = isSignedByTwilio(
      this.config.twilio.authToken,
      typeof signature === 'string' ? signature : undefined,
      this.config.publicUrl + request.url,
      (request.body ?? {}) as Record<string, string | string[]>,
    );
    if (!isSigned) throw new AppError('unauthenticated', 'the request is not signed by Twilio');
    const { AccountSid: account } = (request.body ?? {}) as { AccountSid?: unknown };
    if (account !== undefined && account !== this.config.twilio.accountSid) {
      throw new AppError('forbidden', 'the request is about another account');
    }
    return true;
  }
}

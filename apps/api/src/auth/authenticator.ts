import { Injectable } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '#libs/domain/errors';
import { Tokens } from '#libs/security/token';
import { refusePasswordToChange, type Caller } from './caller.ts';
import { CallerLookup } from './caller.lookup.ts';
import { credentialOf } from './credential.ts';

/**
 * Knows the caller by an access token or an API key. Either only says who; whether they still count, and what the
 * account may do, is read from the database each time.
 */
@Injectable()
export class Authenticator {
  constructor(
    private readonly tokens: Tokens,
    private readonly callers: CallerLookup,
  ) {}

  /**
   * Who makes a request with these headers.
   * @throws AppError unauthenticated, token_invalid, api_key_invalid, validation, password_change_required
   */
  async authenticate(headers: IncomingHttpHeaders): Promise<Caller> {
    const caller = await this.identify(headers);
    refusePasswordToChange(caller);
    return caller;
  }

  private async identify(headers: IncomingHttpHeaders): Promise<Caller> {
    const credential = credentialOf(headers);
    if (!credential) throw new AppError('unauthenticated', 'no token provided');
    if (credential.kind === 'token') return this.byToken(credential.token);
    const caller = await this.callers.byKey(credential.key);
    if (!caller) throw new AppError('api_key_invalid', 'invalid API key provided');
    return caller;
  }

  private async byToken(token: string): Promise<Caller> {
    const caller = await this.callers.byToken(await this.tokens.verify(token));
    if (!caller) throw new AppError('token_invalid', 'invalid token provided');
    return caller;
  }
}

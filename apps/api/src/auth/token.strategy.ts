import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { AppError } from '#libs/domain/errors';
import { Tokens } from '#libs/security/token';
import type { Caller } from './caller.ts';
import { CallerLookup } from './caller.lookup.ts';

/**
 * Knows the caller by the access token in the Authorization header, with or without `Bearer`. The token only says who;
 * whether the account still exists, is enabled, and what it may do is read from the database each time.
 */
@Injectable()
export class TokenStrategy extends PassportStrategy(Strategy, 'token') {
  constructor(
    private readonly tokens: Tokens,
    private readonly callers: CallerLookup,
  ) {
    super();
  }

  /** @throws AppError unauthenticated, token_invalid */
  async validate(request: FastifyRequest): Promise<Caller> {
    const token = tokenOf(request.headers.authorization);
    if (!token) throw new AppError('unauthenticated', 'no token provided');
    const claims = await this.tokens.verify(token);
    const caller = await this.callers.find(claims.uid);
    // The UUID too, because a database that was made anew counts its ids from 1 again.
    if (!caller || caller.uuid !== claims.sub || caller.tokenVersion !== claims.token_version) {
      throw new AppError('token_invalid', 'invalid token provided');
    }
    return caller;
  }
}

/** The token of an Authorization header; null when there is none or another scheme is named. */
function tokenOf(header: string | undefined): string | null {
  const [first, second, ...rest] = header?.trim().split(/\s+/) ?? [];
  if (!first || rest.length > 0) return null;
  if (second === undefined) return first.toLowerCase() === 'bearer' ? null : first;
  return first.toLowerCase() === 'bearer' ? second : null;
}

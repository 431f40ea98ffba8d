import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { Authenticator } from './authenticator.ts';
import type { Caller } from './caller.ts';

/**
 * Passport's way to the caller: by an access token or an API key, whichever the request brings. Passport knows
 * strategies by name in the whole process, so each API has a name of its own: two of them in one process would else
 * know each other's callers.
 */
@Injectable()
export class CredentialStrategy {
  readonly name = `credential/${randomUUID()}`;

  constructor(authenticator: Authenticator) {
    class Credential extends PassportStrategy(Strategy, this.name) {
      validate({ headers }: FastifyRequest): Promise<Caller> {
        return authenticator.authenticate(headers);
      }
    }
    // Its making is its registration.
    void new Credential();
  }
}

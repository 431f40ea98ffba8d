import { Global, Module } from '@nestjs/common';
import type { Config } from '#libs/config/config';
import type { Clock } from '#libs/domain/clock';
import { importVerificationKey, loadSigningKey } from '#libs/security/signing-key';
import { Tokens } from '#libs/security/token';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { AuthController } from './auth.controller.ts';
import { AuthService } from './auth.service.ts';
import { Authenticator } from './authenticator.ts';
import { CallerLookup } from './caller.lookup.ts';
import { CredentialStrategy } from './credential.strategy.ts';
import { PasswordController } from './password.controller.ts';
import { PasswordService } from './password.service.ts';
import { SessionListService } from './session-list.service.ts';
import { SessionsController } from './sessions.controller.ts';

/** Who is calling: tokens, their keys, and what every guarded route knows its caller by. */
@Global()
@Module({
  controllers: [AuthController, SessionsController, PasswordController],
  providers: [
    AuthService,
    PasswordService,
    SessionListService,
    CallerLookup,
    Authenticator,
    CredentialStrategy,
    {
      provide: Tokens,
      inject: [CONFIG, CLOCK],
      useFactory: async ({ auth, dataDir }: Config, clock: Clock) => {
        const key = await loadSigningKey({ privateKeyPem: auth.privateKeyPem, dataDir });
        const previous = auth.previousPrivateKeyPem;
        const otherKeys = previous === null ? [] : [await importVerificationKey(previous)];
        return new Tokens(key, { accessTokenMinutes: auth.accessTokenMinutes, otherKeys, clock });
      },
    },
  ],
  // The guard of every route is made outside of this module; browsers and their apps get the same sessions and tokens.
  exports: [CredentialStrategy, AuthService, PasswordService, Tokens],
})
export class AuthModule {}

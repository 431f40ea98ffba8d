import { Global, Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import type { Config } from '#libs/config/config';
import type { Clock } from '#libs/domain/clock';
import { loadSigningKey } from '#libs/security/signing-key';
import { Tokens } from '#libs/security/token';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { AuthController } from './auth.controller.ts';
import { AuthService } from './auth.service.ts';
import { CallerLookup } from './caller.lookup.ts';
import { TokenStrategy } from './token.strategy.ts';

/** Who is calling: tokens, their keys, and the strategy that every guarded route uses. */
@Global()
@Module({
  imports: [PassportModule],
  controllers: [AuthController],
  providers: [
    AuthService,
    CallerLookup,
    TokenStrategy,
    {
      provide: Tokens,
      inject: [CONFIG, CLOCK],
      useFactory: async ({ auth, dataDir }: Config, clock: Clock) => {
        const key = await loadSigningKey({ privateKeyPem: auth.privateKeyPem, dataDir });
        return new Tokens(key, { accessTokenMinutes: auth.accessTokenMinutes, clock });
      },
    },
  ],
})
export class AuthModule {}

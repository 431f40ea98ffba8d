import { Module } from '@nestjs/common';
import type { Config } from '#libs/config/config';
import { CONFIG } from '../app.tokens.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { COOKIE_JAR, CookieJar } from './cookies.ts';
import { LoginController } from './login.controller.ts';
import { LoginService } from './login.service.ts';
import { LogoutService } from './logout.service.ts';
import { OAuthController } from './oauth.controller.ts';
import { OAuthService } from './oauth.service.ts';

/** Logging in with a browser, for oneself and for apps (OAuth 2.0, authorization code with PKCE). */
@Module({
  controllers: [OAuthController, LoginController],
  providers: [
    OAuthService,
    LoginService,
    LogoutService,
    BrowserSessions,
    {
      provide: COOKIE_JAR,
      inject: [CONFIG],
      useFactory: ({ publicUrl }: Config) => new CookieJar(publicUrl),
    },
  ],
})
export class OAuthModule {}

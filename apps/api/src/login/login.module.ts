import { Module } from '@nestjs/common';
import type { Config } from '#libs/config/config';
import { CONFIG } from '../app.tokens.ts';
import { AppRequests } from './app-requests.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { COOKIE_JAR, CookieJar } from './cookies.ts';
import { LoginController } from './login.controller.ts';
import { LoginService } from './login.service.ts';
import { LogoutService } from './logout.service.ts';
import { PageForms } from './page-forms.ts';
import { PasswordPagesController } from './password-pages.controller.ts';
import { PasswordPagesService } from './password-pages.service.ts';

/** The pages for people with a browser: logging in and out, for oneself and for apps, and passwords. */
@Module({
  controllers: [LoginController, PasswordPagesController],
  providers: [
    LoginService,
    LogoutService,
    PasswordPagesService,
    AppRequests,
    PageForms,
    BrowserSessions,
    {
      provide: COOKIE_JAR,
      inject: [CONFIG],
      useFactory: ({ publicUrl }: Config) => new CookieJar(publicUrl),
    },
  ],
})
export class LoginModule {}

import { Module } from '@nestjs/common';
import { OAuthController } from './oauth.controller.ts';
import { OAuthService } from './oauth.service.ts';

/** Tokens for apps that people log in to with their browser (OAuth 2.0, authorization code with PKCE). */
@Module({ controllers: [OAuthController], providers: [OAuthService] })
export class OAuthModule {}

import { applyDecorators, Body, Controller, Get, HttpCode, Post, UseFilters } from '@nestjs/common';
import { ApiConsumes, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  OAuthFailure,
  OAuthTokens,
  Revoked,
  RevokeRequest,
  ServerMetadata,
  TokenRequest,
} from '#libs/contract/oauth.contract';
import { Allow } from '../auth/access.guard.ts';
import { Bare } from '../http/envelope.interceptor.ts';
import { Answers } from '../http/openapi.ts';
import { OAuthFilter } from './oauth.filter.ts';
import { OAuthService } from './oauth.service.ts';

/** A form that is refused in the words of OAuth. */
const TakesForm = () =>
  applyDecorators(
    ApiConsumes('application/x-www-form-urlencoded'),
    ApiResponse({
      status: 400,
      description: 'The request is malformed, or what it shows is not valid.',
      standardSchema: OAuthFailure,
    }),
  );

/** Tokens for apps that people log in to with their browser; bodies are those of OAuth, without an envelope. */
@ApiTags('oauth')
@Allow('public')
@UseFilters(OAuthFilter)
@Controller()
export class OAuthController {
  constructor(private readonly oauth: OAuthService) {}

  @Post('oauth2/token')
  @HttpCode(200)
  @Bare()
  @Answers('Get tokens for a code or a refresh token, which is used up by it', { bare: OAuthTokens }, [413])
  @TakesForm()
  token(@Body({ schema: TokenRequest }) body: TokenRequest) {
    return this.oauth.token(body);
  }

  @Post('oauth2/revoke')
  @HttpCode(200)
  @Bare()
  @Answers('Log out by a refresh token: its session ends, with all tokens of it', { bare: Revoked }, [413])
  @TakesForm()
  revoke(@Body({ schema: RevokeRequest }) body: RevokeRequest) {
    return this.oauth.revoke(body);
  }

  @Get('.well-known/openid-configuration')
  @Bare()
  @Answers('Where and how apps log people in (OpenID Connect Discovery)', { bare: ServerMetadata })
  openidConfiguration() {
    return this.oauth.metadata();
  }

  @Get('.well-known/oauth-authorization-server')
  @Bare()
  @Answers('The same by the name of RFC 8414', { bare: ServerMetadata })
  authorizationServer() {
    return this.oauth.metadata();
  }
}

import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Login, Token } from '#libs/contract/auth.contract';
import { KeySet, KeySetAnswer } from '#libs/contract/key-set.contract';
import { Bare } from '../http/envelope.interceptor.ts';
import { Answers } from '../http/openapi.ts';
import { Allow } from './access.guard.ts';
import { AuthService } from './auth.service.ts';

/** Getting a token, and the keys that others verify it with. */
@ApiTags('auth')
@Allow('public')
@Controller()
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('login')
  @HttpCode(200)
  @Answers('Begin a session: get an access token and a refresh token', Token, [400, 401, 403, 413])
  login(@Body({ schema: Login }) body: Login) {
    return this.auth.login(body);
  }

  /** The keys stand at the top, where JWKS clients look for them, and in `data` as in every other answer. */
  @Get('jwks')
  @Bare()
  @Answers('The keys that tokens are verified with', { bare: KeySetAnswer })
  jwks(@Req() request: FastifyRequest) {
    const { keys } = this.auth.jwks();
    return { success: true, keys, data: { keys }, request_id: request.id };
  }

  @Get('.well-known/jwks.json')
  @Bare()
  @Answers('The same keys as a bare key set (RFC 7517)', { bare: KeySet })
  wellKnown() {
    return this.auth.jwks();
  }
}

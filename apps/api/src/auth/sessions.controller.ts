import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Login, Logout, Refresh, SessionKey, SessionView, Token } from '#libs/contract/auth.contract';
import { Uid } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import { Bare } from '../http/envelope.interceptor.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { Allow } from './access.guard.ts';
import { AuthService } from './auth.service.ts';
import { CurrentUser, toHeaders, type Caller } from './caller.ts';
import { SessionListService } from './session-list.service.ts';

/** Renewing and ending sessions, and asking who somebody is. */
@ApiTags('auth')
@Controller('v1')
export class SessionsController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessionList: SessionListService,
  ) {}

  @Post('auth/refresh')
  @Allow('public')
  @HttpCode(200)
  @Answers('Get new tokens for a refresh token, which is used up by it', Token, [400, 401, 413])
  refresh(@Body({ schema: Refresh }) body: Refresh) {
    return this.auth.refresh(body);
  }

  @Post('auth/logout')
  @NeedsToken()
  @HttpCode(200)
  @Answers('End the session of this token, or all sessions', undefined, [400, 401, 413])
  logout(@CurrentUser() me: Caller, @Body({ schema: Logout }) body: Logout) {
    return this.auth.logout(me, body);
  }

  @Post('users/sessions')
  @Allow('public')
  @Answers('Log in for a key instead of tokens', SessionKey, [400, 401, 403, 413], 201)
  loginForKey(@Body({ schema: Login }) body: Login) {
    return this.auth.loginForKey(body);
  }

  @Get('users/sessions')
  @NeedsToken()
  @Answers("List one's own sessions that have not ended, newest first", { pageOf: SessionView }, [400, 401])
  list(@CurrentUser() me: Caller, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.sessionList.list(me, query);
  }

  @Delete('users/sessions/:id')
  @NeedsToken()
  @Bare()
  @HttpCode(204)
  @Answers('End a session; with the own id or UUID, all sessions', undefined, [400, 401, 404], 204)
  endSession(@CurrentUser() me: Caller, @Param('id', { schema: Uid }) id: Uid) {
    return this.auth.endSession(me, id);
  }

  @Get('users/auth')
  @NeedsToken()
  @Bare()
  @HttpCode(204)
  @Answers('Tell a gateway who is calling, in `X-User-…` headers (forward auth)', undefined, [401], 204)
  forwardAuth(@CurrentUser() me: Caller, @Res({ passthrough: true }) reply: FastifyReply): void {
    void reply.headers(toHeaders(me));
  }
}

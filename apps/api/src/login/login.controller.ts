import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Parameters } from '#libs/domain/authorization';
import { Allow } from '../auth/access.guard.ts';
import { sendPage } from '../pages/page.ts';
import { queryOf } from './form.ts';
import { LoginService } from './login.service.ts';
import { LogoutService } from './logout.service.ts';

/** Pages for people. They are no part of the description of the API: no program reads them, and their forms are their own. */
@ApiExcludeController()
@Allow('public')
@Controller()
export class LoginController {
  constructor(
    private readonly login: LoginService,
    private readonly logout: LogoutService,
  ) {}

  @Get('oauth2/authorize')
  async authorize(@Req() { url, headers }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, await this.login.authorize(queryOf(url), headers.cookie));
  }

  @Get('login')
  async show(@Req() { url, headers }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, await this.login.show(queryOf(url), headers.cookie));
  }

  @Post('login/form')
  async logIn(
    @Req() { headers }: FastifyRequest,
    @Body() form: Parameters | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.login.submit(form ?? {}, headers.cookie));
  }

  @Get('oauth2/logout')
  async askToLogOut(@Req() { url, headers }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, await this.logout.show(queryOf(url), headers.cookie));
  }

  @Post('oauth2/logout')
  async logOut(
    @Req() { headers }: FastifyRequest,
    @Body() form: Parameters | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.logout.submit(form ?? {}, headers.cookie));
  }
}

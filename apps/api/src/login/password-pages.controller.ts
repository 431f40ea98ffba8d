import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Parameters } from '#libs/domain/authorization';
import { Allow } from '../auth/access.guard.ts';
import { sendPage } from '../pages/page.ts';
import { queryOf } from './form.ts';
import { PasswordPagesService } from './password-pages.service.ts';

/** The same as `/v1/auth/password/…`, for people with a browser. */
@ApiExcludeController()
@Allow('public')
@Controller('login')
export class PasswordPagesController {
  constructor(private readonly pages: PasswordPagesService) {}

  @Get('forgot')
  async showForgot(@Req() { url, headers }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, await this.pages.showForgot(queryOf(url), headers.cookie));
  }

  @Post('forgot')
  async forgot(
    @Req() { headers }: FastifyRequest,
    @Body() form: Parameters | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.forgot(form ?? {}, headers.cookie));
  }

  @Get('reset')
  async showReset(@Req() { url, headers }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, await this.pages.showReset(queryOf(url), headers.cookie));
  }

  @Post('reset')
  async reset(
    @Req() { headers }: FastifyRequest,
    @Body() form: Parameters | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.reset(form ?? {}, headers.cookie));
  }

  @Get('change')
  async showChange(@Req() { url, headers }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, await this.pages.showChange(queryOf(url), headers.cookie));
  }

  @Post('change')
  async change(
    @Req() { headers }: FastifyRequest,
    @Body() form: Parameters | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendPage(reply, await this.pages.change(form ?? {}, headers.cookie));
  }
}

import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Config } from '#libs/config/config';
import { ChangePassword, ForgotPassword, ResetPassword } from '#libs/contract/password.contract';
import { AppError } from '#libs/domain/errors';
import { CONFIG } from '../app.tokens.ts';
import { Bare } from '../http/envelope.interceptor.ts';
import { toFailure } from '../http/failure.ts';
import { Allow } from './access.guard.ts';
import { FORM_TOKEN, hasFormToken, issueFormToken } from './form-token.ts';
import { PAGE_POLICY, renderPage, type Page, type PageField } from './page.ts';
import { PasswordService } from './password.service.ts';

type Form = Record<string, unknown>;

const email: PageField = { name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username' };
const password = (name: string, label: string, autocomplete: string): PageField => ({
  name,
  label,
  type: 'password',
  autocomplete,
});

const PAGES = {
  forgot: {
    title: 'Forgot your password?',
    text: 'We send you a code. It is good for a few minutes.',
    button: 'Send a code',
    fields: [email],
  },
  reset: {
    title: 'Set a new password',
    text: 'If there is such an account, a code is on its way to its phone or mailbox.',
    button: 'Set the password',
    fields: [
      email,
      { name: 'code', label: 'Code', type: 'text', autocomplete: 'one-time-code' },
      password('password', 'New password', 'new-password'),
    ],
  },
  change: {
    title: 'Change your password',
    text: 'Your account needs a password of your own before you can log in.',
    button: 'Change the password',
    fields: [
      email,
      password('password', 'Present password', 'current-password'),
      password('new_password', 'New password', 'new-password'),
    ],
  },
} as const satisfies Record<string, { title: string; text: string; button: string; fields: PageField[] }>;
type PageName = keyof typeof PAGES;

/** The same as `/v1/auth/password/…`, for people with a browser: pages without scripts. */
@ApiExcludeController()
@Allow('public')
@Controller('login')
export class PasswordPagesController {
  private readonly isHttps: boolean;

  constructor(
    private readonly passwords: PasswordService,
    @Inject(CONFIG) { publicUrl }: Config,
  ) {
    this.isHttps = publicUrl.startsWith('https://');
  }

  @Get('forgot')
  @Bare()
  forgotPage(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.form('forgot', request, reply);
  }

  @Post('forgot')
  @HttpCode(200)
  @Bare()
  forgot(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() form: Form,
  ) {
    return this.submit('forgot', request, reply, form, async (given) => {
      await this.passwords.forgot(parse(ForgotPassword, given));
      return this.form('reset', request, reply, { email: given.email });
    });
  }

  @Get('reset')
  @Bare()
  resetPage(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.form('reset', request, reply);
  }

  @Post('reset')
  @HttpCode(200)
  @Bare()
  reset(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply, @Body() form: Form) {
    return this.submit('reset', request, reply, form, async (given) => {
      await this.passwords.reset(parse(ResetPassword, given));
      return answer(reply, done('Your password is set. You can log in with it now.'));
    });
  }

  @Get('change')
  @Bare()
  changePage(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.form('change', request, reply);
  }

  @Post('change')
  @HttpCode(200)
  @Bare()
  change(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() form: Form,
  ) {
    return this.submit('change', request, reply, form, async (given) => {
      await this.passwords.change(null, parse(ChangePassword, given));
      return answer(reply, done('Your password is changed. You can log in with it now.'));
    });
  }

  /** Does what a form asks for, and shows it again, with what is wrong, when that cannot be done. */
  private async submit(
    name: PageName,
    request: FastifyRequest,
    reply: FastifyReply,
    form: Form | undefined,
    act: (given: Form) => Promise<string>,
  ): Promise<string> {
    const given = Object.fromEntries(PAGES[name].fields.map((field) => [field.name, form?.[field.name]]));
    try {
      if (hasFormToken(request, form?.[FORM_TOKEN])) return await act(given);
      void reply.code(403);
      return this.form(name, request, reply, given, ['This page was open for too long. Please try again.']);
    } catch (error) {
      const { status, messages } = toFailure(error);
      if (status >= 500) throw error;
      void reply.code(status);
      return this.form(name, request, reply, given, messages);
    }
  }

  private form(
    name: PageName,
    request: FastifyRequest,
    reply: FastifyReply,
    given: Form = {},
    problems: string[] = [],
  ): string {
    const { title, text, button, fields } = PAGES[name];
    // What is secret is typed again.
    const kept = typeof given.email === 'string' ? given.email : '';
    return answer(reply, {
      title,
      text,
      problems,
      form: {
        action: `/login/${name}`,
        button,
        fields: fields.map((field) => (field.name === 'email' ? { ...field, value: kept } : field)),
        hidden: { [FORM_TOKEN]: issueFormToken(request, reply, this.isHttps) },
      },
    });
  }
}

const done = (text: string): Page => ({ title: 'Done', text });

function answer(reply: FastifyReply, page: Page): string {
  void reply.header('Content-Security-Policy', PAGE_POLICY).type('text/html; charset=utf-8');
  return renderPage(page);
}

/** @throws AppError validation */
function parse<Schema extends z.ZodType>(schema: Schema, given: Form): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new AppError('validation', [...new Set(parsed.error.issues.map(({ message }) => message))]);
}

import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  ChangedPassword,
  ChangePassword,
  ForgotPassword,
  ResetPassword,
} from '#libs/contract/password.contract';
import { Answers } from '../http/openapi.ts';
import { Allow } from './access.guard.ts';
import { CurrentUser, type Caller } from './caller.ts';
import { PasswordService } from './password.service.ts';

/** Passwords that were forgotten, or are to be others. */
@ApiTags('auth')
@Controller('v1/auth/password')
export class PasswordController {
  constructor(private readonly passwords: PasswordService) {}

  @Post('forgot')
  @Allow('public')
  @HttpCode(202)
  @Answers(
    'Have a code for a new password sent by text (and mail); the same answer whether there is such an account',
    undefined,
    [400, 413],
    202,
  )
  forgot(@Body({ schema: ForgotPassword }) body: ForgotPassword) {
    return this.passwords.forgot(body);
  }

  @Post('reset')
  @Allow('public')
  @HttpCode(200)
  @Answers('Set a new password by the code that was sent; every session ends', undefined, [400, 401, 413])
  reset(@Body({ schema: ResetPassword }) body: ResetPassword) {
    return this.passwords.reset(body);
  }

  @Post('change')
  @Allow('password')
  @HttpCode(200)
  @Answers(
    "Change one's password; every other session ends. With `email` and without a token: before a first log-in",
    ChangedPassword,
    [400, 401, 403, 413],
  )
  change(@CurrentUser() me: Caller | null, @Body({ schema: ChangePassword }) body: ChangePassword) {
    return this.passwords.change(me, body);
  }
}

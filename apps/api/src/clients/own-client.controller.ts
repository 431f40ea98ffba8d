import { Body, Controller, Get, HttpCode, Patch, Post, Put } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ClientSettingsView, UpdateClientSettings } from '#libs/contract/client.contract';
import { BulkUserResult, CreateUsers } from '#libs/contract/client-users.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { ChoosesClient } from '../auth/client-choice.ts';
import { IfMatch } from '../http/if-match.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { ClientSettingsService } from './client-settings.service.ts';
import { ClientUsersService } from './client-users.service.ts';

/** What the admins of a client do for it; `me` is their own client, or the one that a platform admin chose. */
@ApiTags('clients')
@NeedsToken()
@Allow('admin')
@ChoosesClient()
@Controller('v1/clients/me')
export class OwnClientController {
  constructor(
    private readonly settings: ClientSettingsService,
    private readonly users: ClientUsersService,
  ) {}

  @Get('settings')
  @Answers("Get the client's settings", ClientSettingsView, [400, 401, 403, 404])
  get(@CurrentUser() me: Caller) {
    return this.settings.get(me);
  }

  @Put('settings')
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers(
    "Change the client's settings; what is left out stays",
    ClientSettingsView,
    [400, 401, 403, 404, 409, 413],
  )
  update(
    @CurrentUser() me: Caller,
    @IfMatch() version: number | undefined,
    @Body({ schema: UpdateClientSettings }) body: UpdateClientSettings,
  ) {
    return this.settings.update(me, body, version);
  }

  @Patch('settings')
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers('The same as PUT', ClientSettingsView, [400, 401, 403, 404, 409, 413])
  patch(
    @CurrentUser() me: Caller,
    @IfMatch() version: number | undefined,
    @Body({ schema: UpdateClientSettings }) body: UpdateClientSettings,
  ) {
    return this.settings.update(me, body, version);
  }

  @Post('users')
  @HttpCode(200)
  @Answers(
    'Create up to 100 accounts, and tell what became of each',
    z.array(BulkUserResult),
    [400, 401, 403, 404, 413],
  )
  createUsers(@CurrentUser() me: Caller, @Body({ schema: CreateUsers }) body: CreateUsers) {
    return this.users.createAll(me, body);
  }
}

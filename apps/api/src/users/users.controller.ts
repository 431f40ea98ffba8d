import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { Uid } from '#libs/contract/ids';
import { CreatedUserView, CreateUser, UpdateUser, UserQuery, UserView } from '#libs/contract/user.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { ChoosesClient } from '../auth/client-choice.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { IfMatch } from '../http/if-match.ts';
import { UsersService } from './users.service.ts';

/** Accounts. */
@ApiTags('users')
@NeedsToken()
@Controller('v1')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('whoami')
  @Answers('The account that the token belongs to', UserView, [401])
  whoami(@CurrentUser() me: Caller) {
    return this.users.get(me, { id: me.id });
  }

  @Post('users')
  @ChoosesClient()
  @Allow('firstOrAdmin')
  @Answers(
    'Create an account; the very first needs no token and becomes the admin',
    CreatedUserView,
    [400, 401, 403, 404, 409, 413],
    201,
  )
  create(@CurrentUser() me: Caller | null, @Body({ schema: CreateUser }) body: CreateUser) {
    return this.users.create(me, body);
  }

  @Get('users')
  @ChoosesClient()
  @Allow('admin')
  @Answers('List accounts, newest first', { pageOf: UserView }, [400, 401, 403, 404])
  list(@CurrentUser() me: Caller, @Query({ schema: UserQuery }) query: UserQuery) {
    return this.users.list(me, query);
  }

  @Get('users/:uid')
  @Allow('ownOrAdmin')
  @Answers('Get an account', UserView, [400, 401, 403, 404])
  get(@CurrentUser() me: Caller, @Param('uid', { schema: Uid }) uid: Uid) {
    return this.users.get(me, uid);
  }

  @Put('users/:uid')
  @Allow('own')
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers("Change one's own account; what is left out stays", UserView, [400, 401, 403, 404, 409, 413])
  update(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) _uid: Uid,
    @IfMatch() version: number | undefined,
    @Body({ schema: UpdateUser }) body: UpdateUser,
  ) {
    return this.users.update(me, body, version);
  }

  @Patch('users/:uid')
  @Allow('own')
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers('The same as PUT', UserView, [400, 401, 403, 404, 409, 413])
  patch(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) _uid: Uid,
    @IfMatch() version: number | undefined,
    @Body({ schema: UpdateUser }) body: UpdateUser,
  ) {
    return this.users.update(me, body, version);
  }

  @Delete('users/:uid')
  @Allow('ownOrAdmin')
  @Answers('Delete an account and all that belongs to it', undefined, [400, 401, 403, 404, 409])
  remove(@CurrentUser() me: Caller, @Param('uid', { schema: Uid }) uid: Uid) {
    return this.users.remove(me, uid);
  }
}

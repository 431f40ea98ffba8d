import { Body, Controller, Param, Patch } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { Uid } from '#libs/contract/ids';
import { ChangeRights } from '#libs/contract/role.contract';
import { UserView } from '#libs/contract/user.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { IfMatch } from '../http/if-match.ts';
import { RolesService } from './roles.service.ts';

/** What accounts may do. */
@ApiTags('users')
@NeedsToken()
@Allow('admin')
@Controller('v1/users/:uid/role')
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @Patch()
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only change this version.' })
  @Answers(
    'Change the role or level of an account, disable it (its checks end with it) or enable it',
    UserView,
    [400, 401, 403, 404, 409, 413],
  )
  change(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @IfMatch() version: number | undefined,
    @Body({ schema: ChangeRights }) body: ChangeRights,
  ) {
    return this.roles.change(me, uid, body, version);
  }
}

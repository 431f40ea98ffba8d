import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Uid } from '#libs/contract/ids';
import { MessageView } from '#libs/contract/message.contract';
import { PageQuery } from '#libs/contract/paging';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { MessagesService } from './messages.service.ts';

/** The texts that Kronus sends, and what became of them. */
@ApiTags('messages')
@NeedsToken()
@Controller('v1/users/:uid/messages')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Get()
  @Allow('ownOrAdmin')
  @Answers(
    'List the texts about a person with their delivery, newest first',
    { pageOf: MessageView },
    [400, 401, 403, 404],
  )
  listOfUser(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.messages.listOfUser(me, uid, query);
  }
}

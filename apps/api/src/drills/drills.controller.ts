import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { CreateDrill, DrillView } from '#libs/contract/drill.contract';
import { IntId, Uid } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { DrillsService } from './drills.service.ts';

/** Drills: trying out the whole chain with the real phones. */
@ApiTags('drills')
@NeedsToken()
@Controller('v1/users/:uid/drills')
export class DrillsController {
  constructor(private readonly drills: DrillsService) {}

  @Post()
  @Allow('own')
  @ApiParam({ name: 'uid', description: "The caller's own integer id or UUID.", type: String })
  @Answers(
    'Start a drill: you and your contacts get texts marked TEST',
    DrillView,
    [400, 401, 403, 404, 409, 413],
    201,
  )
  start(@CurrentUser() me: Caller, @Body({ schema: CreateDrill }) body: CreateDrill) {
    return this.drills.start(me, body);
  }

  @Get()
  @Allow('ownOrAdmin')
  @Answers("List a person's drills, newest first", { pageOf: DrillView }, [400, 401, 403, 404])
  list(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.drills.list(me, uid, query);
  }

  @Get(':id')
  @Allow('ownOrAdmin')
  @Answers('Get a drill', DrillView, [400, 401, 403, 404])
  get(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Param('id', { schema: IntId }) id: IntId,
  ) {
    return this.drills.get(me, uid, id);
  }

  @Delete(':id')
  @Allow('own')
  @ApiParam({ name: 'uid', description: "The caller's own integer id or UUID.", type: String })
  @Answers('Cancel a running drill', undefined, [400, 401, 403, 404, 409])
  cancel(@CurrentUser() me: Caller, @Param('id', { schema: IntId }) id: IntId) {
    return this.drills.cancel(me, id);
  }
}

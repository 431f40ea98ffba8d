import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { IntId, Uid } from '#libs/contract/ids';
import { TimelineEntry } from '#libs/contract/timeline.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { TimelineService } from './timeline.service.ts';

/** The story of a check. */
@ApiTags('probes')
@NeedsToken()
@Controller('v1')
export class TimelineController {
  constructor(private readonly timeline: TimelineService) {}

  @Get('users/:uid/probes/:id/timeline')
  @Allow('ownOrAdmin')
  @Answers(
    "Tell the story of one of a person's probes, oldest first",
    z.array(TimelineEntry),
    [400, 401, 403, 404],
  )
  ofUser(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Param('id', { schema: IntId }) id: IntId,
  ) {
    return this.timeline.get(me, { id, uid });
  }

  @Get('probes/:id/timeline')
  @Allow('admin')
  @Answers('Tell the story of a probe, oldest first', z.array(TimelineEntry), [400, 401, 403, 404])
  get(@CurrentUser() me: Caller, @Param('id', { schema: IntId }) id: IntId) {
    return this.timeline.get(me, { id });
  }
}

import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { IntId, Uid } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import {
  CreateCheck,
  ProbeDetailView,
  ProbeQuery,
  ProbeStats,
  ProbeView,
} from '#libs/contract/probe.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { ChoosesClient } from '../auth/client-choice.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { CheckView } from './check.view.ts';
import { ProbesService } from './probes.service.ts';

/** Checks: how they went, and asking for one. */
@ApiTags('probes')
@NeedsToken()
@Controller('v1')
export class ProbesController {
  constructor(private readonly probes: ProbesService) {}

  @Get('users/:uid/probes')
  @Allow('ownOrAdmin')
  @Answers("List a person's probes, newest first", { pageOf: ProbeView }, [400, 401, 403, 404])
  listOfUser(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.probes.listOfUser(me, uid, query);
  }

  @Get('users/:uid/probes/:id')
  @Allow('ownOrAdmin')
  @Answers("Get one of a person's probes with everything about it", ProbeDetailView, [400, 401, 403, 404])
  getOfUser(
    @CurrentUser() me: Caller,
    @Param('uid', { schema: Uid }) uid: Uid,
    @Param('id', { schema: IntId }) id: IntId,
  ) {
    return this.probes.get(me, { id, uid });
  }

  @Post('users/:uid/probes')
  @Allow('own')
  @ApiParam({ name: 'uid', description: "The caller's own integer id or UUID.", type: String })
  @Answers('Ask to be checked on in some minutes', CheckView, [400, 401, 403, 404, 409, 413], 201)
  checkOnMe(@CurrentUser() me: Caller, @Body({ schema: CreateCheck }) body: CreateCheck) {
    return this.probes.checkOnMe(me, body);
  }

  @Get('probes')
  @ChoosesClient()
  @Allow('admin')
  @Answers('List probes, newest first', { pageOf: ProbeView }, [400, 401, 403, 404])
  list(@CurrentUser() me: Caller, @Query({ schema: ProbeQuery }) query: ProbeQuery) {
    return this.probes.list(me, query);
  }

  @Get('probes/stats')
  @ChoosesClient()
  @Allow('admin')
  @Answers('Count probes by state', ProbeStats, [400, 401, 403, 404])
  stats(@CurrentUser() me: Caller) {
    return this.probes.stats(me);
  }

  @Get('probes/:id')
  @Allow('admin')
  @Answers('Get a probe with everything about it', ProbeDetailView, [400, 401, 403, 404])
  get(@CurrentUser() me: Caller, @Param('id', { schema: IntId }) id: IntId) {
    return this.probes.get(me, { id });
  }
}

import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { JobQuery, JobStats, JobView } from '#libs/contract/job.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { ChoosesClient } from '../auth/client-choice.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { JobsService } from './jobs.service.ts';

/** What Kronus does in the background, for operators. */
@ApiTags('jobs')
@NeedsToken()
@Allow('admin')
@Controller('v1/jobs')
export class JobsController {
  constructor(private readonly jobs: JobsService) {}

  @Get()
  @ChoosesClient()
  @Answers('List background work, newest first', { pageOf: JobView }, [400, 401, 403, 404])
  list(@CurrentUser() me: Caller, @Query({ schema: JobQuery }) query: JobQuery) {
    return this.jobs.list(me, query);
  }

  @Get('stats')
  @ChoosesClient()
  @Answers('Count background work by state', JobStats, [400, 401, 403, 404])
  stats(@CurrentUser() me: Caller) {
    return this.jobs.stats(me);
  }
}

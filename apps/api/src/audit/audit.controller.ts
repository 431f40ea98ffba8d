import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditEntryView, AuditQuery } from '#libs/contract/audit.contract';
import { Allow } from '../auth/access.guard.ts';
import { CurrentUser, type Caller } from '../auth/caller.ts';
import { ChoosesClient } from '../auth/client-choice.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { AuditService } from './audit.service.ts';

/** Who did what to whom, for admins. */
@ApiTags('audit')
@NeedsToken()
@Allow('admin')
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @ChoosesClient()
  @Answers('List what was done, newest first', { pageOf: AuditEntryView }, [400, 401, 403, 404])
  list(@CurrentUser() me: Caller, @Query({ schema: AuditQuery }) query: AuditQuery) {
    return this.audit.list(me, query);
  }
}

import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { BackupView } from '#libs/contract/backup.contract';
import { UuidId } from '#libs/contract/ids';
import { PageQuery } from '#libs/contract/paging';
import { Allow } from '../auth/access.guard.ts';
import { Answers, NeedsToken } from '../http/openapi.ts';
import { BackupsService } from './backups.service.ts';

/** Backups, for the platform admin. They are restored by `kronus backup restore` alone. */
@ApiTags('backups')
@NeedsToken()
@Allow('platform')
@Controller('v1/backups')
export class BackupsController {
  constructor(private readonly backups: BackupsService) {}

  @Get()
  @Answers(
    'List backups, newest first: what was made or tried, and what the store holds',
    { pageOf: BackupView },
    [400, 401, 403],
  )
  list(@Query({ schema: PageQuery }) query: PageQuery) {
    return this.backups.list(query);
  }

  @Post()
  @HttpCode(202)
  @Answers('Make a backup now', BackupView, [401, 403, 409, 503], 202)
  start() {
    return this.backups.start();
  }

  @Get(':id')
  @Answers('Get a backup', BackupView, [400, 401, 403, 404])
  get(@Param('id', { schema: UuidId }) id: UuidId) {
    return this.backups.get(id);
  }
}

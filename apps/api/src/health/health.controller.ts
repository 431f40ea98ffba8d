import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Readiness } from '#libs/contract/health.contract';
import { Allow } from '../auth/access.guard.ts';
import { Answers } from '../http/openapi.ts';
import { HealthService } from './health.service.ts';

/** Whether the process lives and whether it can work. */
@ApiTags('health')
@Allow('public')
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('health')
  @Answers('Whether the process lives')
  isAlive(): void {}

  @Get('v1/healthcheck')
  @Answers('Whether the process can work: its database answers', Readiness, [503])
  isReady() {
    return this.health.check();
  }
}

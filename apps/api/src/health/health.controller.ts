import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Alive, HealthView } from '#libs/contract/health.contract';
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
  @Answers('Whether the process lives, and which version it is', Alive)
  alive() {
    return this.health.alive();
  }

  @Get('v1/healthcheck')
  @Answers('How everything is that Kronus works with; 503 only without the database', HealthView, [503])
  check() {
    return this.health.check();
  }
}

import { Injectable } from '@nestjs/common';
import { build } from '#libs/config/build';
import type { Alive, HealthView } from '#libs/contract/health.contract';
import { AppError } from '#libs/domain/errors';
import { Health } from '#libs/telemetry/health';
import { toHealthView } from './health.view.ts';

/** Tells how Kronus is. */
@Injectable()
export class HealthService {
  constructor(private readonly health: Health) {}

  /** What is running; touches nothing. */
  alive(): Alive {
    return build;
  }

  /** How everything is that Kronus works with, within two seconds. @throws AppError not_ready without the record */
  async check(): Promise<HealthView> {
    const { overall, parts } = await this.health.report();
    if (overall === 'down') throw new AppError('not_ready', 'the database can not be reached');
    return toHealthView(build, overall, parts);
  }
}

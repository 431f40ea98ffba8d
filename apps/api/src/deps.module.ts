import { Module, type DynamicModule } from '@nestjs/common';
import type { DestinationStream } from 'pino';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { Health } from '#libs/telemetry/health';
import { Metrics } from '#libs/telemetry/metrics';
import type { Tracing } from '#libs/telemetry/tracing';
import { CLOCK, CONFIG } from './app.tokens.ts';
import { BACKUPS, type BackupAccess } from './backups/backup-access.ts';

/** What the API is composed of; the caller owns each part and ends it after the API. */
export interface ApiDeps {
  config: Config;
  orm: MikroORM;
  wakeups: Wakeups;
  clock: Clock;
  metrics: Metrics;
  health: Health;
  /** Null when nobody follows traces. */
  tracing: Tracing | null;
  /** Left out when backups are off. */
  backups?: BackupAccess;
  /** Where log lines go; standard output when left out. */
  log?: DestinationStream;
}

/** Offers the composed parts to every module: configuration and clock by token, the others by class. */
@Module({})
export class DepsModule {
  static with({ config, orm, wakeups, clock, metrics, health, backups }: ApiDeps): DynamicModule {
    const providers = [
      { provide: MikroORM, useValue: orm },
      { provide: Wakeups, useValue: wakeups },
      { provide: CONFIG, useValue: config },
      { provide: CLOCK, useValue: clock },
      { provide: Metrics, useValue: metrics },
      { provide: Health, useValue: health },
      { provide: BACKUPS, useValue: backups ?? null },
    ];
    return { module: DepsModule, global: true, providers, exports: providers };
  }
}

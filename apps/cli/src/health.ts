import type { MikroORM } from '@mikro-orm/postgresql';
import type { Connection } from '@temporalio/client';
import type { Config } from '#libs/config/config';
import { readBackupState } from '#libs/db/queries/backups';
import { systemClock } from '#libs/domain/clock';
import type { StopInReverse } from '#libs/embedded/children';
import { connectRedis } from '#libs/limits/redis';
import { Health } from '#libs/telemetry/health';
import { lookAtNamespace } from '#libs/temporal/namespace.look';
import { lookAtAccount } from '#libs/twilio/twilio.account';

/** What a process is connected with. */
export interface HealthDeps {
  config: Config;
  orm: MikroORM;
  connection: Connection;
  /** Redis is only the API's. */
  hasApi: boolean;
  stop: StopInReverse;
}

/** Looks at everything that this process works with. */
export function createHealth({ config, orm, connection, hasApi, stop }: HealthDeps): Health {
  const { twilio, temporal, backup, timeZone } = config;
  return new Health(
    {
      postgres: () => orm.em.fork().execute('select 1'),
      temporal: () => lookAtNamespace(connection, temporal.namespace),
      provider: () => lookAtAccount(twilio),
      redis: hasApi ? lookAtRedis(config.limits, stop) : null,
      backups: async () => ({
        isEnabled: backup.isEnabled,
        ...(await readBackupState(orm.em.fork(), systemClock.now())),
      }),
    },
    { ...backup, timeZone, since: systemClock.now() },
    systemClock,
  );
}

/** On a connection of its own: that of the limits belongs to the API, and says when Redis comes and goes. */
function lookAtRedis({ isEnabled, redisUrl }: Config['limits'], stop: StopInReverse) {
  if (!isEnabled || redisUrl === null) return null;
  const redis = connectRedis(redisUrl, () => undefined);
  stop.add('Redis', async () => redis.disconnect());
  return () => redis.ping();
}

import type { Build } from '#libs/config/build';
import type { HealthView, PartView } from '#libs/contract/health.contract';
import type { PartHealth } from '#libs/domain/health';
import type { HealthReport } from '#libs/telemetry/health';
import { toTime, toTimeOrNull } from '../http/time.ts';

/** A report as the API shows it. */
export function toHealthView(
  { version, commit }: Build,
  status: HealthView['status'],
  { postgres, temporal, provider, backups, redis }: HealthReport['parts'],
): HealthView {
  const parts = {
    postgres: toPartView(postgres),
    temporal: toPartView(temporal),
    provider: toPartView(provider),
    backups: { ...toPartView(backups), last_proven_at: toTimeOrNull(backups.lastProvenAt) },
    redis: toPartView(redis),
  };
  return { version, commit, status, parts };
}

const toPartView = ({ state, since, lastOkAt, reason }: PartHealth): PartView => ({
  state,
  since: since && toTime(since),
  last_ok_at: lastOkAt && toTime(lastOkAt),
  reason,
});

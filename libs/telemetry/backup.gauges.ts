import { Gauge, Registry } from 'prom-client';
import type { BackupState } from '#libs/domain/backup';

/** How backups are doing, in Prometheus' text format; what never happened is left out. */
export function renderBackups(state: BackupState): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number | null) => {
    if (value !== null) new Gauge({ name, help, registers: [registry] }).set(value);
  };
  const seconds = (at: Date | null) => (at === null ? null : at.getTime() / 1_000);

  gauge(
    'kronus_backup_last_success_timestamp_seconds',
    'When the last good backup was finished.',
    seconds(state.lastSucceededAt),
  );
  gauge(
    'kronus_backup_last_duration_seconds',
    'How long the last good backup took.',
    state.lastTookMs === null ? null : state.lastTookMs / 1_000,
  );
  gauge('kronus_backup_last_size_bytes', 'Size of the last good backup, encrypted.', state.lastBytes);
  gauge('kronus_backup_failures', 'Backups that failed in the last 24 hours.', state.failedToday);
  gauge(
    'kronus_backup_last_proven_timestamp_seconds',
    'When a backup was last restored in a drill.',
    seconds(state.lastProvenAt),
  );
  gauge(
    'kronus_backup_disproven',
    'Whether the last drill found a backup that cannot be restored.',
    state.disprovenAt === null ? 0 : 1,
  );
  return registry.metrics();
}

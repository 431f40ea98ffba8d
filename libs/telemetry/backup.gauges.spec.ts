import { expect, it } from '@jest/globals';
import type { BackupState } from '#libs/domain/backup';
import { renderBackups } from './backup.gauges.ts';
import { Metrics } from './metrics.ts';

const NEVER: BackupState = {
  lastSucceededAt: null,
  lastTookMs: null,
  lastBytes: null,
  lastFailedAt: null,
  failedToday: 0,
  lastProvenAt: null,
  disprovenAt: null,
};
const at = new Date('2026-11-25T12:00:00Z');
const numbers = (text: string) => text.split('\n').filter((line) => line.startsWith('kronus_backup'));

it('tells how backups are doing', async () => {
  const state = {
    ...NEVER,
    lastSucceededAt: at,
    lastTookMs: 1_500,
    lastBytes: 4_096,
    failedToday: 3,
    lastProvenAt: at,
    disprovenAt: at,
  };
  expect(numbers(await renderBackups(state))).toEqual([
    'kronus_backup_last_success_timestamp_seconds 1795608000',
    'kronus_backup_last_duration_seconds 1.5',
    'kronus_backup_last_size_bytes 4096',
    'kronus_backup_failures 3',
    'kronus_backup_last_proven_timestamp_seconds 1795608000',
    'kronus_backup_disproven 1',
  ]);
});

it('invents nothing of what never happened', async () => {
  expect(numbers(await renderBackups(NEVER))).toEqual([
    'kronus_backup_failures 0',
    'kronus_backup_disproven 0',
  ]);
});

it('is told beside the rest, and left out when it is not known', async () => {
  const down = () => Promise.reject(new Error('down'));
  const metrics = new Metrics(down);
  metrics.add(() => renderBackups(NEVER));
  metrics.add(down);
  const text = await metrics.render();
  expect(numbers(text)).toHaveLength(2);
  expect(text).toContain('kronus_up{part="postgres"} 0');
});

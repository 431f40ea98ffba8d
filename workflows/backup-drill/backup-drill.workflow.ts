import { proxyActivities } from '@temporalio/workflow';
import type { BackupActivities } from '#activities/backup.activities';

const { proveNewestBackup } = proxyActivities<BackupActivities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '30 seconds',
  scheduleToCloseTimeout: '5 hours',
  retry: { initialInterval: '30 seconds', maximumInterval: '5 minutes', maximumAttempts: 3 },
});

/** Restores the newest backup into a scratch database and compares it. Fails when it cannot be restored, and the record says why. */
export async function backupDrill(): Promise<{ name: string; tookMs: number }> {
  return proveNewestBackup();
}

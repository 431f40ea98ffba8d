import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  proxyActivities,
  proxyLocalActivities,
  uuid4,
} from '@temporalio/workflow';
import type { BackupActivities } from '#activities/backup.activities';
import type { BackupInput } from './backup.contract.ts';

// An attempt is heard of every two seconds; a worker that died is noticed soon, and the backup begun anew.
const ATTEMPT = { startToCloseTimeout: '2 hours', heartbeatTimeout: '30 seconds' } as const;
const { makeBackup } = proxyActivities<BackupActivities>({
  ...ATTEMPT,
  // What is called off says so in the record itself.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  scheduleToCloseTimeout: '5 hours',
  retry: { initialInterval: '5 seconds', maximumInterval: '1 minute', maximumAttempts: 4 },
});
const { removeExpiredBackups } = proxyActivities<BackupActivities>({
  ...ATTEMPT,
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '5 seconds', maximumAttempts: 3 },
});
const { giveBackupUp } = proxyLocalActivities<BackupActivities>({
  startToCloseTimeout: '10 seconds',
  // Temporal knows that it failed; the record follows if it can be reached within reason.
  scheduleToCloseTimeout: '5 minutes',
});

/** What one run did: null when another backup was under way. */
export type BackupDone = { name: string; bytes: number; removed: number } | null;

/** Makes a backup, then removes those that are too old. Fails when it could not be made, and the record says why. */
export async function backup({ id = uuid4(), kind }: BackupInput): Promise<BackupDone> {
  const made = await makeBackup({ id, kind }).catch(async (error: unknown) => {
    if (error instanceof ActivityFailure) await CancellationScope.nonCancellable(() => giveBackupUp(id));
    throw error;
  });
  if (made === null) return null;
  return { name: made.name, bytes: made.bytes, removed: await removeExpiredBackups() };
}

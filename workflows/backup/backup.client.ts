import type { WorkflowClient } from '@temporalio/client';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import { BACKUP_TIMEOUT, BACKUP_WORKFLOW, backupWorkflowId, type BackupInput } from './backup.contract.ts';

/** Starts the making of a backup that somebody asked for; `id` is that of its record. Starting it twice is starting it once. */
export async function startBackup(client: WorkflowClient, id: string): Promise<void> {
  await client.start<(input: BackupInput) => Promise<unknown>>(BACKUP_WORKFLOW, {
    workflowId: backupWorkflowId(id),
    workflowIdConflictPolicy: 'USE_EXISTING',
    taskQueue: TASK_QUEUES.main,
    workflowExecutionTimeout: BACKUP_TIMEOUT,
    args: [{ id, kind: 'manual' }],
  });
}

import type { WorkflowClient } from '@temporalio/client';
import type { CausedSignal } from '#libs/db/queries/wakeups';
import { PRIORITY, TASK_QUEUES } from '#libs/temporal/task-queues';
import { NOTICES_WORKFLOW, noticesWorkflowId, type NoticesInput } from './notices.contract.ts';

/**
 * Wakes the workflow of a person's notices, starting it when it is not running. Idempotent.
 * The request that caused it stands in the history: with the signal, and in the memo of a workflow that it started.
 */
export async function wakeNotices(
  client: WorkflowClient,
  { entityId: userId, signal, requestId }: CausedSignal,
): Promise<void> {
  await client.signalWithStart<(input: NoticesInput) => Promise<void>, string[]>(NOTICES_WORKFLOW, {
    workflowId: noticesWorkflowId(userId),
    taskQueue: TASK_QUEUES.main,
    priority: { priorityKey: PRIORITY.notice },
    args: [{ userId }],
    signal,
    ...(requestId ? { signalArgs: [requestId], memo: { requestId } } : { signalArgs: [] }),
  });
}

import type { WorkflowClient } from '@temporalio/client';
import type { CausedSignal } from '#libs/db/queries/wakeups';
import { PRIORITY, TASK_QUEUES } from '#libs/temporal/task-queues';
import { DRILL_WORKFLOW, drillWorkflowId, type DrillInput } from './drill.contract.ts';

/**
 * Wakes a drill with a signal of the contract, starting its workflow when it is not running. Idempotent.
 * The request that caused it stands in the history: with the signal, and in the memo of a workflow that it started.
 */
export async function wakeDrill(
  client: WorkflowClient,
  { entityId: drillId, signal, requestId }: CausedSignal,
): Promise<void> {
  await client.signalWithStart<(input: DrillInput) => Promise<void>, string[]>(DRILL_WORKFLOW, {
    workflowId: drillWorkflowId(drillId),
    taskQueue: TASK_QUEUES.main,
    priority: { priorityKey: PRIORITY.drill },
    args: [{ drillId }],
    signal,
    ...(requestId ? { signalArgs: [requestId], memo: { requestId } } : { signalArgs: [] }),
  });
}

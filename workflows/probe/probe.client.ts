import type { WorkflowClient } from '@temporalio/client';
import type { CausedSignal } from '#libs/db/queries/wakeups';
import { PRIORITY, TASK_QUEUES } from '#libs/temporal/task-queues';
import { PROBE_WORKFLOW, probeWorkflowId, type ProbeInput } from './probe.contract.ts';

/**
 * Wakes a person's workflow with a signal of the contract, starting it when it is not running. Idempotent.
 * The request that caused it stands in the history: with the signal, and in the memo of a workflow that it started.
 */
export async function wakeProbe(
  client: WorkflowClient,
  { entityId: userId, signal, requestId }: CausedSignal,
): Promise<void> {
  await client.signalWithStart<(input: ProbeInput) => Promise<void>, string[]>(PROBE_WORKFLOW, {
    workflowId: probeWorkflowId(userId),
    taskQueue: TASK_QUEUES.main,
    priority: { priorityKey: PRIORITY.checkIn },
    args: [{ userId }],
    signal,
    ...(requestId ? { signalArgs: [requestId], memo: { requestId } } : { signalArgs: [] }),
  });
}

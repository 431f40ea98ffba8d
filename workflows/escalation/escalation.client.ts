import type { WorkflowClient } from '@temporalio/client';
import type { CausedSignal } from '#libs/db/queries/wakeups';
import { PRIORITY, TASK_QUEUES } from '#libs/temporal/task-queues';
import { ESCALATION_WORKFLOW, escalationWorkflowId, type EscalationInput } from './escalation.contract.ts';

/**
 * Wakes the escalation of a probe with a signal of the contract, starting it when it is not running. Idempotent.
 * The request that caused it stands in the history: with the signal, and in the memo of a workflow that it started.
 */
export async function wakeEscalation(
  client: WorkflowClient,
  { entityId: probeId, signal, requestId }: CausedSignal,
): Promise<void> {
  await client.signalWithStart<(input: EscalationInput) => Promise<void>, string[]>(ESCALATION_WORKFLOW, {
    workflowId: escalationWorkflowId(probeId),
    taskQueue: TASK_QUEUES.main,
    priority: { priorityKey: PRIORITY.escalation },
    args: [{ probeId }],
    signal,
    ...(requestId ? { signalArgs: [requestId], memo: { requestId } } : { signalArgs: [] }),
  });
}

import type { WorkflowClient } from '@temporalio/client';
import { PRIORITY, TASK_QUEUES } from '#libs/temporal/task-queues';
import { ESCALATION_WORKFLOW, escalationWorkflowId, type EscalationInput } from './escalation.contract.ts';

/** Wakes the escalation of a probe with a signal of the contract, starting it when it is not running. Idempotent. */
export async function wakeEscalation(client: WorkflowClient, probeId: number, signal: string): Promise<void> {
  await client.signalWithStart<(input: EscalationInput) => Promise<void>>(ESCALATION_WORKFLOW, {
    workflowId: escalationWorkflowId(probeId),
    taskQueue: TASK_QUEUES.main,
    priority: { priorityKey: PRIORITY.escalation },
    args: [{ probeId }],
    signal,
  });
}

import type { WorkflowClient } from '@temporalio/client';
import { PRIORITY, TASK_QUEUES } from '#libs/temporal/task-queues';
import { PROBE_WORKFLOW, probeWorkflowId, type ProbeInput } from './probe.contract.ts';

/** Wakes a person's workflow with a signal of the contract, starting it when it is not running. Idempotent. */
export async function wakeProbe(client: WorkflowClient, userId: number, signal: string): Promise<void> {
  await client.signalWithStart<(input: ProbeInput) => Promise<void>>(PROBE_WORKFLOW, {
    workflowId: probeWorkflowId(userId),
    taskQueue: TASK_QUEUES.main,
    priority: { priorityKey: PRIORITY.checkIn },
    args: [{ userId }],
    signal,
  });
}

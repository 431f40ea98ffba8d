import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { probeWorkflowId, PROBE_WORKFLOW } from '#workflows/probe/probe.contract';
import type { Rig } from './rig.ts';

/** An event of a workflow's history. */
export interface WorkflowEvent {
  /** Temporal's name, such as `TIMER_STARTED`. */
  type: string;
  /** Epoch milliseconds, by Temporal's clock. */
  at: number;
}

const LAST_EVENTS = 12;

/** How many people's workflows that were started since then Temporal's visibility shows as running; may lag behind by a moment. */
export async function runningProbes(rig: Rig, since: Date): Promise<number> {
  const query = `WorkflowType = '${PROBE_WORKFLOW}' AND ExecutionStatus = 'Running' AND StartTime >= '${since.toISOString()}'`;
  const { count } = await rig.temporal.workflow.count(query);
  return count;
}

/** The whole history of a person's workflow, oldest event first. */
export async function historyOf(rig: Rig, userId: number): Promise<WorkflowEvent[]> {
  return eventsOf(await rig.temporal.workflow.getHandle(probeWorkflowId(userId)).fetchHistory());
}

/** Waits until every signal that the database owes was delivered; answers when, in epoch milliseconds. */
export async function allDelivered(rig: Rig, limitMs: number): Promise<number> {
  await rig.until('every signal is delivered', limitMs, async () => {
    const [row] = await rig.sql<{ count: number }>(`select count(*)::int as count from wakeups`);
    return row?.count === 0;
  });
  return Date.now();
}

/**
 * Waits until all these people's workflows have worked through their signals and sleep; answers when the last of them
 * went to sleep, in epoch milliseconds. Looks at one after the other, so that the looking costs little.
 */
export async function allAsleep(rig: Rig, userIds: readonly number[], limitMs: number): Promise<number> {
  const deadline = performance.now() + limitMs;
  let last = await allDelivered(rig, limitMs);
  for (const userId of userIds) {
    await rig.until('every workflow sleeps', deadline - performance.now(), async () => {
      const since = await asleepSince(rig, userId);
      last = Math.max(last, since ?? 0);
      return since !== null;
    });
  }
  return last;
}

/** When a workflow set the timer it sleeps on; null while it has something to do. Reading a history disturbs nobody. */
async function asleepSince(rig: Rig, userId: number): Promise<number | null> {
  const { workflowService, options } = rig.temporal;
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({
    namespace: options.namespace,
    execution: { workflowId: probeWorkflowId(userId) },
    maximumPageSize: LAST_EVENTS,
  });
  const decisive = eventsOf(history ?? {}).find(({ type }) =>
    ['TIMER_STARTED', 'WORKFLOW_EXECUTION_SIGNALED', 'WORKFLOW_TASK_SCHEDULED'].includes(type),
  );
  return decisive?.type === 'TIMER_STARTED' ? decisive.at : null;
}

function eventsOf(history: History): WorkflowEvent[] {
  const { events = [] } = JSON.parse(historyToJSON(history)) as {
    events?: { eventType: string; eventTime: string }[];
  };
  return events.map(({ eventType, eventTime }) => ({
    type: eventType.replace('EVENT_TYPE_', ''),
    at: Date.parse(eventTime),
  }));
}

import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import { RECONCILE_SCHEDULE, RECONCILE_WORKFLOW } from '#workflows/reconcile/reconcile.contract';

/** Makes sure that Kronus' own schedules exist, and lets the reconciler run now. Safe to call at every start. */
export async function ensureSchedules(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: RECONCILE_SCHEDULE,
      spec: { intervals: [{ every: '1 minute' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow',
        workflowType: RECONCILE_WORKFLOW,
        workflowId: RECONCILE_WORKFLOW,
        taskQueue: TASK_QUEUES.main,
        workflowExecutionTimeout: '10 minutes',
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await client.schedule.getHandle(RECONCILE_SCHEDULE).trigger(ScheduleOverlapPolicy.SKIP);
}

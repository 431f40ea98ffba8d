import {
  type Client,
  type ScheduleOptions,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Config } from '#libs/config/config';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import {
  BACKUP_DRILL_SCHEDULE,
  BACKUP_DRILL_TIMEOUT,
  BACKUP_DRILL_WORKFLOW,
} from '#workflows/backup-drill/backup-drill.contract';
import {
  BACKUP_SCHEDULE,
  BACKUP_TIMEOUT,
  BACKUP_WORKFLOW,
  type BackupInput,
} from '#workflows/backup/backup.contract';
import { RECONCILE_SCHEDULE, RECONCILE_WORKFLOW } from '#workflows/reconcile/reconcile.contract';

/** What the schedules depend on. */
export type ScheduleSettings = Pick<Config, 'timeZone'> & {
  backup: Pick<Config['backup'], 'isEnabled' | 'schedule' | 'drillSchedule'>;
};

/** One that was missed for longer is left out: the next one comes soon enough. */
const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' } as const;

/**
 * Makes sure that Kronus' own schedules exist and are as configured, and lets the reconciler run now. Safe to call at
 * every start.
 */
export async function ensureSchedules(client: Client, settings: ScheduleSettings): Promise<void> {
  await ensureReconciler(client);
  await ensureBackups(client, settings);
}

async function ensureReconciler(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: RECONCILE_SCHEDULE,
      spec: { intervals: [{ every: '1 minute' }] },
      policies,
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

async function ensureBackups(client: Client, { timeZone, backup }: ScheduleSettings): Promise<void> {
  if (!backup.isEnabled) {
    await Promise.all([BACKUP_SCHEDULE, BACKUP_DRILL_SCHEDULE].map((id) => remove(client, id)));
    return;
  }
  const input: BackupInput = { kind: 'scheduled' };
  await Promise.all([
    ensure(client, {
      scheduleId: BACKUP_SCHEDULE,
      spec: { cronExpressions: [backup.schedule], timezone: timeZone },
      policies,
      action: {
        type: 'startWorkflow',
        workflowType: BACKUP_WORKFLOW,
        workflowId: BACKUP_SCHEDULE,
        args: [input],
        taskQueue: TASK_QUEUES.main,
        workflowExecutionTimeout: BACKUP_TIMEOUT,
      },
    }),
    ensure(client, {
      scheduleId: BACKUP_DRILL_SCHEDULE,
      spec: { cronExpressions: [backup.drillSchedule], timezone: timeZone },
      policies,
      action: {
        type: 'startWorkflow',
        workflowType: BACKUP_DRILL_WORKFLOW,
        workflowId: BACKUP_DRILL_SCHEDULE,
        taskQueue: TASK_QUEUES.main,
        workflowExecutionTimeout: BACKUP_DRILL_TIMEOUT,
      },
    }),
  ]);
}

/** A schedule that exists takes the settings of today; whether somebody paused it stays. */
async function ensure(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, policies: rules, action } = options;
    await client.schedule
      .getHandle(options.scheduleId)
      .update(({ state }) => ({ spec, policies: rules, action: action as never, state }));
  }
}

async function remove(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

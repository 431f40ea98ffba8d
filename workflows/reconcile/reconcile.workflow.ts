import { proxyActivities } from '@temporalio/workflow';
import type { ReconcileActivities } from '#activities/reconcile.activities';

const { deliverOwedSignals, startMissingWorkflows } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '2 minutes',
  // The schedule comes again; a run that fails must not stand in the next one's way.
  scheduleToCloseTimeout: '5 minutes',
});

/** Closes the gap between a commit and its signal, and starts again whatever should be running and is not. */
export async function reconcile(): Promise<{ delivered: number; started: number }> {
  return { delivered: await deliverOwedSignals(), started: await startMissingWorkflows() };
}

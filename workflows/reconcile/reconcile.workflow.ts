import { ActivityFailure, patched, proxyActivities } from '@temporalio/workflow';
import type { Heartbeat, HeartbeatActivities } from '#activities/heartbeat.activities';
import type { ReconcileActivities } from '#activities/reconcile.activities';

// The schedule comes again; a run that fails must not stand in the next one's way.
const LIMITS = { startToCloseTimeout: '2 minutes', scheduleToCloseTimeout: '5 minutes' } as const;
const { deliverOwedSignals, startMissingWorkflows } = proxyActivities<ReconcileActivities>(LIMITS);
const { readMissedTexts, applyEarlyReports } = proxyActivities<ReconcileActivities>({
  ...LIMITS,
  retry: { maximumAttempts: 1 },
});
const { sendHeartbeat } = proxyActivities<HeartbeatActivities>({
  ...LIMITS,
  retry: { maximumAttempts: 1 },
});

/** What one run did. */
export interface Reconciled {
  /** Signals that were still owed. */
  delivered: number;
  /** Workflows that should have been running and were not. */
  started: number;
  /** Texts that the provider listed; null when it did not answer, and the next run asks again. */
  listed: number | null;
  /** What became of the heartbeat; null when it is not known whether people are asked in time. */
  heartbeat: Heartbeat | null;
}

/**
 * Closes the gap between a commit and its signal, starts again whatever should be running and is not, and takes in
 * delivery reports that came too early and texts that never reached the webhook. At its end it calls the watchdog, who
 * so hears from the schedule, a worker and the database at once.
 */
export async function reconcile(): Promise<Reconciled> {
  const delivered = await deliverOwedSignals();
  const started = await startMissingWorkflows();
  // Before the provider is asked, which may be away.
  if (patched('early-reports')) await orNull(applyEarlyReports);
  const listed = await orNull(readMissedTexts);
  const heartbeat = patched('heartbeat') ? await orNull(sendHeartbeat) : null;
  return { delivered, started, listed, heartbeat };
}

/** Null when the activity failed: others are away then, which is no fault of this run and no reason for an operator to look. */
async function orNull<T>(activity: () => Promise<T>): Promise<T | null> {
  try {
    return await activity();
  } catch (error) {
    if (error instanceof ActivityFailure) return null;
    throw error;
  }
}

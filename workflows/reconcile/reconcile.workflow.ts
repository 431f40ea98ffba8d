import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { ReconcileActivities } from '#activities/reconcile.activities';

// The schedule comes again; a run that fails must not stand in the next one's way.
const LIMITS = { startToCloseTimeout: '2 minutes', scheduleToCloseTimeout: '5 minutes' } as const;
const { deliverOwedSignals, startMissingWorkflows } = proxyActivities<ReconcileActivities>(LIMITS);
const { readMissedTexts } = proxyActivities<ReconcileActivities>({
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
}

/**
 * Closes the gap between a commit and its signal, starts again whatever should be running and is not, and learns the
 * texts that never reached the webhook.
 */
export async function reconcile(): Promise<Reconciled> {
  const delivered = await deliverOwedSignals();
  const started = await startMissingWorkflows();
  return { delivered, started, listed: await list() };
}

async function list(): Promise<number | null> {
  try {
    return await readMissedTexts();
  } catch (error) {
    // The provider is away: that is no fault of this run, and no reason for an operator to look.
    if (error instanceof ActivityFailure) return null;
    throw error;
  }
}

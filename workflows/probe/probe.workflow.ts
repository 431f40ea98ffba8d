import {
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ProbeActivities } from '#activities/probe.activities';
import type { ProbeStep } from '#libs/domain/probe';
import { PRIORITY, SENDING } from '#libs/temporal/task-queues';
import {
  cancelSignal,
  checkOnMeSignal,
  deliverySignal,
  phaseQuery,
  replySignal,
  settingsChangedSignal,
  type ProbeInput,
} from './probe.contract.ts';

const record = proxyLocalActivities<ProbeActivities>({ startToCloseTimeout: '10 seconds' });

// No limit on the whole: a check that cannot be sent now is sent when it can be, or withdrawn by a change that the
// next attempt sees.
const sending = {
  ...SENDING,
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
} as const;
const { askCheckIn, resumeCheckIn } = proxyActivities<ProbeActivities>({
  ...sending,
  priority: { priorityKey: PRIORITY.checkIn },
});
// Not on the queue for sending: an alarm must not wait for routine checks.
const { giveUp } = proxyActivities<ProbeActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: SENDING.heartbeatTimeout,
  retry: { initialInterval: '1 second', maximumInterval: '15 seconds' },
  priority: { priorityKey: PRIORITY.escalation },
});
const { sendFollowUp } = proxyActivities<ProbeActivities>({
  ...sending,
  priority: { priorityKey: PRIORITY.followUp },
});

/** A history as long as this is closed and begun anew, so that replaying it stays cheap. */
const MAX_HISTORY_EVENTS = 600;

/**
 * Watches one person for as long as there is something to watch: waits for the next step, takes it, and asks what
 * follows. It holds no state of its own but that step; the record is in the database, so a lost workflow can simply be
 * started again. Signals only wake it.
 */
export async function probe({ userId }: ProbeInput): Promise<void> {
  let isWoken = false;
  let step: ProbeStep = { do: 'rest' };

  const wake = () => {
    isWoken = true;
  };
  for (const signal of [replySignal, settingsChangedSignal, checkOnMeSignal, cancelSignal, deliverySignal]) {
    setHandler(signal, wake);
  }
  setHandler(phaseQuery, () => step);

  step = await record.planNextStep(userId);
  for (;;) {
    if (isWoken) {
      isWoken = false;
      step = await record.planNextStep(userId);
      continue;
    }
    if (step.do === 'rest') return;
    if (workflowInfo().historyLength > MAX_HISTORY_EVENTS || workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof probe>({ userId });
    }
    const waitMs = step.at - Date.now();
    if (waitMs > 0 && (await condition(() => isWoken, waitMs))) continue;
    step = await take(userId, step);
  }
}

/** Takes a step that is due, and answers the one that follows. */
function take(userId: number, step: Exclude<ProbeStep, { do: 'rest' }>): Promise<ProbeStep> {
  switch (step.do) {
    case 'ask':
      return askCheckIn({ userId, tick: step.tick, dueAt: step.at });
    case 'checkIn':
      return resumeCheckIn({ userId, probeId: step.probeId });
    case 'followUp':
      return sendFollowUp({ userId, probeId: step.probeId, number: step.number });
    case 'giveUp':
      return giveUp({ userId, probeId: step.probeId });
  }
}

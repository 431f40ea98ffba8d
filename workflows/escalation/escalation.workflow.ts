import { condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { EscalationActivities } from '#activities/escalation.activities';
import type { EscalationStep } from '#libs/domain/escalation';
import { PRIORITY, SENDING } from '#libs/temporal/task-queues';
import {
  acknowledgedSignal,
  alertDeliverySignal,
  allClearSignal,
  escalationPhaseQuery,
  raisedSignal,
  type EscalationInput,
} from './escalation.contract.ts';

const record = proxyLocalActivities<EscalationActivities>({ startToCloseTimeout: '10 seconds' });
const plan = (probeId: number) => record.planEscalation({ probeId, now: Date.now() });

// No limit on the whole: an alarm is never dropped because the provider could not take it for a while.
const { alertContact, tellPerson, tellNobody, tellAcknowledged, tellAllClear } =
  proxyActivities<EscalationActivities>({
    ...SENDING,
    retry: { initialInterval: '1 second', maximumInterval: '15 seconds' },
    priority: { priorityKey: PRIORITY.escalation },
  });

/**
 * Looks after one alarm: asks contact after contact until one takes it on, tells everyone concerned of an
 * acknowledgement or an all-clear, and ends when nothing is left to do. The record is in the database, so a later
 * answer just starts it again.
 */
export async function escalation({ probeId }: EscalationInput): Promise<void> {
  let isWoken = false;
  let step: EscalationStep;

  for (const signal of [raisedSignal, acknowledgedSignal, allClearSignal, alertDeliverySignal]) {
    setHandler(signal, () => {
      isWoken = true;
    });
  }
  setHandler(escalationPhaseQuery, () => step);

  step = await plan(probeId);
  for (;;) {
    if (isWoken) {
      isWoken = false;
      step = await plan(probeId);
      continue;
    }
    if (step.do === 'end') return;
    if (step.do === 'wait') {
      const waitMs = step.until - Date.now();
      if (waitMs <= 0 || !(await condition(() => isWoken, waitMs))) step = await plan(probeId);
      continue;
    }
    step = await take(probeId, step);
  }
}

/** Takes a step, and answers the one that follows. */
function take(
  probeId: number,
  step: Exclude<EscalationStep, { do: 'wait' | 'end' }>,
): Promise<EscalationStep> {
  switch (step.do) {
    case 'ask':
      return alertContact({ probeId, contactId: step.contactId, round: step.round });
    case 'tellPerson':
      return tellPerson({ probeId, contactId: step.contactId });
    case 'tellNobody':
      return tellNobody(probeId);
    case 'tellAcknowledged':
      return tellAcknowledged(probeId);
    case 'tellAllClear':
      return tellAllClear(probeId);
  }
}

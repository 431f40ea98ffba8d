import { condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { DrillActivities } from '#activities/drill.activities';
import type { DrillStep } from '#libs/domain/drill';
import { PRIORITY, SENDING } from '#libs/temporal/task-queues';
import {
  answeredSignal,
  cancelDrillSignal,
  drillDeliverySignal,
  drillPhaseQuery,
  startedSignal,
  type DrillInput,
} from './drill.contract.ts';

const record = proxyLocalActivities<DrillActivities>({ startToCloseTimeout: '10 seconds' });
const plan = (drillId: number) => record.planDrill({ drillId, now: Date.now() });

// No limit on the whole: a text that cannot go now goes when it can, or is withdrawn because the drill was cancelled.
const { askPersonInDrill, askContactInDrill, tellDrillOutcome } = proxyActivities<DrillActivities>({
  ...SENDING,
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
  priority: { priorityKey: PRIORITY.drill },
});

/**
 * Runs one drill: asks the person, then contact after contact, and tells the person how it went. It holds nothing but
 * the next step; the record is in the database, so a lost workflow is just started again.
 */
export async function drill({ drillId }: DrillInput): Promise<void> {
  let isWoken = false;
  let step: DrillStep;

  for (const signal of [startedSignal, answeredSignal, cancelDrillSignal, drillDeliverySignal]) {
    setHandler(signal, () => {
      isWoken = true;
    });
  }
  setHandler(drillPhaseQuery, () => step);

  step = await plan(drillId);
  for (;;) {
    if (isWoken) {
      isWoken = false;
      step = await plan(drillId);
      continue;
    }
    if (step.do === 'end') return;
    if (step.do === 'wait') {
      const waitMs = step.until - Date.now();
      if (waitMs <= 0 || !(await condition(() => isWoken, waitMs))) step = await plan(drillId);
      continue;
    }
    step = await take(drillId, step);
  }
}

/** Takes a step, and answers the one that follows. */
function take(drillId: number, step: Exclude<DrillStep, { do: 'wait' | 'end' }>): Promise<DrillStep> {
  switch (step.do) {
    case 'askPerson':
      return askPersonInDrill(drillId);
    case 'askContact':
      return askContactInDrill({ drillId, contactId: step.contactId });
    case 'tellOutcome':
      return tellDrillOutcome(drillId);
  }
}

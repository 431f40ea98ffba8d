import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { ProbeStep } from '#libs/domain/probe';

/** The workflow type that watches one person. */
export const PROBE_WORKFLOW = 'probe';

/** The one workflow of a person; at most one runs at a time. */
export const probeWorkflowId = (userId: number): string => `probe/${userId}`;

/** What the workflow is started with: ids only, never a name, a number or a text. */
export interface ProbeInput {
  userId: number;
}

/** The person answered. All signals say "look again": what happened is in the database, committed before. */
export const replySignal = defineSignal('reply');
/** The schedule was changed or switched on or off. */
export const settingsChangedSignal = defineSignal('settingsChanged');
/** A one-off check was asked for. */
export const checkOnMeSignal = defineSignal('checkOnMe');
/** The person was deleted. */
export const cancelSignal = defineSignal('cancel');
/** A question that was handed over could not be delivered. */
export const deliverySignal = defineSignal('delivery');

/** What the workflow waits to do, and until when: `at` in epoch milliseconds. */
export const phaseQuery = defineQuery<ProbeStep>('phase');

import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { DrillStep } from '#libs/domain/drill';

/** The workflow type that runs one drill. */
export const DRILL_WORKFLOW = 'drill';

/** The one workflow of a drill. */
export const drillWorkflowId = (drillId: number): string => `drill/${drillId}`;

/** What the workflow is started with: ids only. */
export interface DrillInput {
  drillId: number;
}

/** The drill was started. All signals say "look again": what happened is in the database, committed before. */
export const startedSignal = defineSignal('started');
/** The person or a contact answered. */
export const answeredSignal = defineSignal('answered');
/** The drill was cancelled. */
export const cancelDrillSignal = defineSignal('cancel');
/** A text of the drill could not be delivered. */
export const drillDeliverySignal = defineSignal('delivery');

/** What the drill waits for or does now. */
export const drillPhaseQuery = defineQuery<DrillStep>('phase');

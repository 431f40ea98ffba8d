import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { EscalationStep } from '#libs/domain/escalation';

/** The workflow type that looks after one alarm. */
export const ESCALATION_WORKFLOW = 'escalation';

/** The one escalation of a probe. It ends when nothing is left to do and is taken up again by a later answer. */
export const escalationWorkflowId = (probeId: number): string => `escalation/${probeId}`;

/** What the workflow is started with: ids only. */
export interface EscalationInput {
  probeId: number;
}

/** The alarm was raised. All signals say "look again": what happened is in the database, committed before. */
export const raisedSignal = defineSignal('raised');
/** A contact takes care of it. */
export const acknowledgedSignal = defineSignal('acknowledged');
/** The person says that they are okay after all. */
export const allClearSignal = defineSignal('allClear');
/** An alert could not be delivered, or the contact who was asked refused. */
export const alertDeliverySignal = defineSignal('delivery');

/** What the escalation waits for or does now. */
export const escalationPhaseQuery = defineQuery<EscalationStep>('phase');

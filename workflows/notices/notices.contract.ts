import { defineSignal } from '@temporalio/workflow';

/** The workflow type that hands over what belongs to a person and to no check. */
export const NOTICES_WORKFLOW = 'notices';

/** The one workflow of a person's notices. It ends when none is left and is started again by the next. */
export const noticesWorkflowId = (userId: number): string => `notices/${userId}`;

/** What the workflow is started with: ids only. */
export interface NoticesInput {
  userId: number;
}

/** A notice was recorded. It only says "look again". */
export const noticeOwedSignal = defineSignal('noticeOwed');

/** The workflow type of the reconciler. */
export const RECONCILE_WORKFLOW = 'reconcile';

/** The Temporal Schedule that runs it. */
export const RECONCILE_SCHEDULE = 'reconcile';

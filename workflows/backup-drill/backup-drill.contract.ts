/** The workflow type that proves that the newest backup can be restored. */
export const BACKUP_DRILL_WORKFLOW = 'backupDrill';

/** The Temporal Schedule that runs it; the ids of its workflows begin so. */
export const BACKUP_DRILL_SCHEDULE = 'backup-drill';

/** The longest that a drill may take, with all its attempts. */
export const BACKUP_DRILL_TIMEOUT = '6 hours';

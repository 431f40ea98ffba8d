import type { BackupKind } from '#libs/domain/backup';

/** The workflow type that makes a backup. */
export const BACKUP_WORKFLOW = 'backup';

/** The Temporal Schedule that runs it; the ids of its workflows begin so. */
export const BACKUP_SCHEDULE = 'backup';

/** The workflow of a backup that somebody asked for. */
export const backupWorkflowId = (id: string): string => `backup/${id}`;

/** What the workflow is started with; without an id it takes one of its own. */
export interface BackupInput {
  id?: string;
  kind: BackupKind;
}

/** The longest that a backup may take, with all its attempts. */
export const BACKUP_TIMEOUT = '6 hours';

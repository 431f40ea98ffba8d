import type { ObjectStore } from '#libs/storage/object-store';

/** What the API can do about backups. Restoring is not among it: that replaces the very database which says who may. */
export interface BackupAccess {
  store: ObjectStore;
  /** Lets a worker make the backup of that id. Rejects when Temporal does not take the order. */
  start(id: string): Promise<void>;
}

/** Injects the access to backups (`BackupAccess`); null when backups are off. */
export const BACKUPS = Symbol('BACKUPS');

import type { BackupView } from '#libs/contract/backup.contract';
import type { Backup } from '#libs/db/entities/backup.entity';
import { begunAtOf } from '#libs/domain/backup';
import type { StoredObject } from '#libs/storage/object-store';
import { toTime, toTimeOrNull } from '../http/time.ts';

/** A backup of the record; `stored` are the names that the store lists, null when it does not answer. */
export const toBackupView = (backup: Backup, stored: ReadonlySet<string> | null): BackupView => ({
  id: backup.id,
  name: backup.name ?? null,
  status: backup.status,
  kind: backup.kind,
  attempts: backup.attempts,
  started_at: toTime(backup.startedAt),
  ended_at: toTimeOrNull(backup.endedAt),
  bytes: backup.bytes ?? null,
  kronus_version: backup.summary?.kronusVersion ?? null,
  databases:
    backup.summary?.databases.map(({ name, lastMigration, tables, rows }) => ({
      name,
      last_migration: lastMigration,
      tables,
      rows,
    })) ?? null,
  error: backup.error ?? null,
  proven_at: toTimeOrNull(backup.provenAt),
  proof_error: backup.proofError ?? null,
  is_stored: stored && (backup.name ? stored.has(backup.name) : false),
});

/** A backup that only the store knows: it is there wholly, and that is all that is known. */
export const toStoredView = ({ name, bytes, createdAt }: StoredObject): BackupView => ({
  id: null,
  name,
  status: 'succeeded',
  kind: null,
  attempts: 0,
  started_at: toTime(begunAtOf(name) ?? createdAt),
  ended_at: toTime(createdAt),
  bytes,
  kronus_version: null,
  databases: null,
  error: null,
  proven_at: null,
  proof_error: null,
  is_stored: true,
});

import { defineEntity, p } from '@mikro-orm/core';
import type { BackupKind, BackupStatus } from '#libs/domain/backup';

/** What a backup holds, in short. */
export interface BackupSummary {
  kronusVersion: string;
  databases: { name: string; lastMigration: string | null; tables: number; rows: number }[];
}

const BackupSchema = defineEntity({
  name: 'Backup',
  tableName: 'backups',
  properties: {
    id: p.uuid().primary(),
    /** The name of its object, once there is one to be written; each attempt has its own. */
    name: p.string().nullable(),
    status: p.string().$type<BackupStatus>().default('running'),
    kind: p.string().$type<BackupKind>(),
    attempts: p.integer().default(0),
    startedAt: p.datetime(),
    endedAt: p.datetime().nullable(),
    /** Bytes of the encrypted archive: of what was written so far while it runs. */
    bytes: p.bigint('number').nullable(),
    summary: p.json<BackupSummary>().nullable(),
    /** Why the last attempt failed, as a sentence for people. */
    error: p.string().nullable(),
    /** When a drill last restored it, and why a drill could not. */
    provenAt: p.datetime().nullable(),
    proofError: p.string().nullable(),
    updatedAt: p.datetime(),
  },
});

/** One backup, made or tried. What can be restored is what the store lists: this record may come out of a backup itself. */
export class Backup extends BackupSchema.class {}
BackupSchema.setClass(Backup);

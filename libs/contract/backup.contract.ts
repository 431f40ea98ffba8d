import { z } from 'zod';
import { BACKUP_KINDS, BACKUP_STATUSES } from '#libs/domain/backup';
import { timeField } from './fields.ts';

/** What one database of a backup holds. */
const BackedUpDatabase = z
  .object({
    name: z.string().meta({ description: '`kronus`, or `client_<id>`.' }),
    last_migration: z.string().nullable(),
    tables: z.int(),
    rows: z.int(),
  })
  .meta({ id: 'BackedUpDatabase', description: 'What one database of a backup holds.' });

/** One backup, as the record and the store know it. */
export const BackupView = z
  .object({
    id: z
      .string()
      .nullable()
      .meta({ description: 'Null for one that only the store knows, as after a restore.' }),
    name: z.string().nullable().meta({ description: 'Its object in the store; null when there is none.' }),
    status: z.enum(BACKUP_STATUSES),
    kind: z.enum(BACKUP_KINDS).nullable(),
    attempts: z.int(),
    started_at: timeField(),
    ended_at: timeField().nullable(),
    bytes: z.int().nullable().meta({ description: 'Of the encrypted archive; so far, while it is made.' }),
    kronus_version: z.string().nullable(),
    databases: z.array(BackedUpDatabase).nullable(),
    error: z.string().nullable().meta({ description: 'Why the last attempt failed.' }),
    proven_at: timeField().nullable().meta({ description: 'When it was last restored in a drill.' }),
    proof_error: z.string().nullable().meta({ description: 'Why a drill could not restore it.' }),
    is_stored: z.boolean().nullable().meta({
      description: 'Whether it can be restored: the store has it. Null when the store does not answer.',
    }),
  })
  .meta({ id: 'Backup', description: 'One backup, as the record and the store know it.' });
export type BackupView = z.output<typeof BackupView>;

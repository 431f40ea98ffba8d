import { UniqueConstraintViolationException, type EntityManager } from '@mikro-orm/postgresql';
import { begunAtOf, type BackupKind, type BackupState, type KnownBackups } from '#libs/domain/backup';
import { plusMs } from '#libs/domain/clock';
import { deliveryRank } from '#libs/domain/delivery';
import { Backup, type BackupSummary } from '../entities/backup.entity.ts';

/** A backup that is made notes its progress far more often; one that did not for so long has died. */
const SILENT_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const ROWS_KEPT_MS = 90 * DAY_MS;

/** A backup that somebody begins. */
export interface BackupBegun {
  id: string;
  kind: BackupKind;
  now: Date;
}

/**
 * Records that a backup is made, or tried again. False, and nothing is recorded, when another one is under way: one that
 * fell silent is not, and is recorded as failed.
 */
export async function beginBackup(em: EntityManager, { id, kind, now }: BackupBegun): Promise<boolean> {
  await em.execute(
    `update backups set status = 'failed', ended_at = ?, updated_at = ?, error = coalesce(error, 'It was cut off.')
     where status = 'running' and id <> ? and updated_at < ?`,
    [now, now, id, plusMs(now, -SILENT_MS)],
  );
  try {
    await em.execute(
      `insert into backups (id, kind, status, started_at, updated_at) values (?, ?, 'running', ?, ?)
       on conflict (id) do update set status = 'running', ended_at = null, updated_at = excluded.updated_at`,
      [id, kind, now, now],
    );
    return true;
  } catch (error) {
    if (error instanceof UniqueConstraintViolationException) return false;
    throw error;
  }
}

/** Records that an attempt begins, under that name. */
export async function beginAttempt(em: EntityManager, id: string, name: string, now: Date): Promise<void> {
  await em.execute(
    `update backups set attempts = attempts + 1, name = ?, bytes = 0, updated_at = ? where id = ?`,
    [name, now, id],
  );
}

/** Records how many bytes were written so far. */
export async function noteProgress(em: EntityManager, id: string, bytes: number, now: Date): Promise<void> {
  await em.execute(`update backups set bytes = ?, updated_at = ? where id = ? and status = 'running'`, [
    bytes,
    now,
    id,
  ]);
}

/** Records that a backup is in the store. */
export async function recordSuccess(
  em: EntityManager,
  id: string,
  { name, bytes, summary, now }: { name: string; bytes: number; summary: BackupSummary; now: Date },
): Promise<void> {
  await em.nativeUpdate(
    Backup,
    { id },
    { status: 'succeeded', name, bytes, summary, error: null, endedAt: now, updatedAt: now },
  );
}

/** Records why an attempt failed; others may follow. */
export async function recordAttemptError(
  em: EntityManager,
  id: string,
  error: string,
  now: Date,
): Promise<void> {
  await em.nativeUpdate(Backup, { id }, { error, name: null, updatedAt: now });
}

/** Records that a backup is given up; one that is over already stays as it is. */
export async function recordFailure(em: EntityManager, id: string, error: string, now: Date): Promise<void> {
  await em.execute(
    `update backups set status = 'failed', error = coalesce(error, ?), name = null, ended_at = ?, updated_at = ?
     where id = ? and status = 'running'`,
    [error, now, now, id],
  );
}

/** Takes back a backup that never began. */
export async function forgetBackup(em: EntityManager, id: string): Promise<void> {
  await em.nativeDelete(Backup, { id, status: 'running', attempts: 0 });
}

/** Records what a drill found; of a backup that is not on record (its object is), it makes one. */
export async function recordProof(
  em: EntityManager,
  {
    id,
    name,
    bytes,
    error,
    now,
  }: { id: string; name: string; bytes: number; error: string | null; now: Date },
): Promise<void> {
  const provenAt = error === null ? now : null;
  await em.execute(
    `insert into backups (id, name, kind, status, started_at, ended_at, bytes, proven_at, proof_error, updated_at)
     values (?, ?, 'scheduled', 'succeeded', ?, ?, ?, ?, ?, ?)
     on conflict (name) do update set proof_error = excluded.proof_error, updated_at = excluded.updated_at,
       proven_at = coalesce(excluded.proven_at, backups.proven_at)`,
    [id, name, begunAtOf(name), begunAtOf(name), bytes, provenAt, error, now],
  );
}

/** What is known of the backups that are in the store. */
export async function knownBackups(em: EntityManager): Promise<KnownBackups> {
  const rows = await em.execute<{ name: string; is_good: boolean }[]>(
    `select name, status = 'succeeded' and proof_error is null as is_good from backups
     where name is not null and status <> 'running'`,
  );
  const names = (isGood: boolean) =>
    new Set(rows.filter((row) => row.is_good === isGood).map(({ name }) => name));
  return { good: names(true), bad: names(false) };
}

/** Removes what was recorded more than 90 days ago. */
export async function forgetOldBackups(em: EntityManager, now: Date): Promise<void> {
  await em.nativeDelete(Backup, {
    startedAt: { $lt: plusMs(now, -ROWS_KEPT_MS) },
    status: { $ne: 'running' },
  });
}

/**
 * Brings a restored record up to what has happened since: the backup that it came from was, in it, still being made, and
 * whatever else was is not any more. Texts that had not left by then may have since: they count as begun, so that the
 * sender looks for them at the provider before it sends. Safe to repeat.
 */
export async function settleRestored(
  em: EntityManager,
  { name, bytes, now }: { name: string; bytes: number; now: Date },
): Promise<void> {
  await em.execute(
    `update messages set status = 'sending', status_rank = ?, attempts = greatest(attempts, 1),
       sending_at = coalesce(sending_at, created_at), updated_at = ? where status = 'queued'`,
    [deliveryRank('sending'), now],
  );
  await em.execute(
    `update backups set status = 'succeeded', ended_at = ?, updated_at = ?, bytes = ? where name = ? and status = 'running'`,
    [now, now, bytes, name],
  );
  await em.execute(
    `update backups set status = 'failed', ended_at = ?, updated_at = ?, name = null, error = 'A backup was restored meanwhile.'
     where status = 'running'`,
    [now, now],
  );
}

interface StateRow {
  succeeded_at: string | null;
  took_ms: number | null;
  bytes: number | null;
  failed_at: string | null;
  failed_today: number;
  proven_at: string | null;
  disproven_at: string | null;
}

const STATE = `
  with last as (select * from backups where status = 'succeeded' order by ended_at desc limit 1),
       proven as (select max(proven_at) as at from backups)
  select (select ended_at from last) as succeeded_at,
         (select (extract(epoch from ended_at - started_at) * 1000)::float8 from last) as took_ms,
         (select bytes::float8 from last) as bytes,
         (select max(ended_at) from backups where status = 'failed') as failed_at,
         (select count(*)::int from backups where status = 'failed' and ended_at > ?) as failed_today,
         (select at from proven) as proven_at,
         (select max(updated_at) from backups where proof_error is not null
            and updated_at > coalesce((select at from proven), '-infinity')) as disproven_at`;

/** Reads how backups are doing at `now`. */
export async function readBackupState(em: EntityManager, now: Date): Promise<BackupState> {
  const [row] = await em.execute<[StateRow]>(STATE, [plusMs(now, -DAY_MS)]);
  const moment = (at: string | null) => (at === null ? null : new Date(at));
  return {
    lastSucceededAt: moment(row.succeeded_at),
    lastTookMs: row.took_ms,
    lastBytes: row.bytes,
    lastFailedAt: moment(row.failed_at),
    failedToday: row.failed_today,
    lastProvenAt: moment(row.proven_at),
    disprovenAt: moment(row.disproven_at),
  };
}

import { ApplicationFailure, Context, log } from '@temporalio/activity';
import { type BackupMaker, type MadeBackup, sentenceOf } from './backup-maker.ts';
import type { BackupKind } from '#libs/domain/backup';

/** The activities of the workflows `backup` and `backupDrill`. They heartbeat by themselves. */
export type BackupActivities = ReturnType<typeof createBackupActivities>;

const HEARTBEAT_EVERY_MS = 2_000;

/** Binds the activities of backups; without a maker (backups are off) each fails once and for all. */
export function createBackupActivities(maker: BackupMaker | null) {
  const enabled = (): BackupMaker => {
    if (maker) return maker;
    throw ApplicationFailure.nonRetryable('Backups are switched off (backup.enabled).', 'BACKUPS_OFF');
  };

  return {
    /** Makes the backup of that id; null when another one is under way. Tells in its heartbeats how many bytes it wrote. */
    makeBackup: ({ id, kind }: { id: string; kind: BackupKind }): Promise<MadeBackup | null> =>
      alive(async (signal, progress) => {
        const made = await enabled().make({ id, kind, signal, onProgress: progress });
        if (made) log.info('a backup was made', { backup: made.name, bytes: made.bytes, rows: made.rows });
        return made;
      }),

    /** Records that the backup of that id failed for good. */
    async giveBackupUp(id: string): Promise<void> {
      await enabled().giveUp(id, 'It was not finished in time.');
      log.error('a backup failed', { backup: id });
    },

    /** Removes backups that are too old, never the newest good one; answers how many. */
    removeExpiredBackups: (): Promise<number> =>
      alive(async () => {
        const removed = await enabled().removeExpired();
        if (removed.length > 0) log.info('old backups were removed', { backups: removed.join(', ') });
        return removed.length;
      }),

    /** Restores the newest backup into a scratch database and compares; answers its name and the milliseconds it took. */
    proveNewestBackup: (): Promise<{ name: string; tookMs: number }> =>
      alive(async (signal) => {
        const proven = await enabled().prove(signal);
        log.info('a backup was proven', { backup: proven.name, tookMs: proven.tookMs });
        return proven;
      }),
  };
}

/**
 * Runs work for as long as its worker lives, with a signal that aborts when it is not wanted any more. What it throws
 * becomes a failure that operators may read.
 */
async function alive<T>(
  work: (signal: AbortSignal, progress: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { cancellationSignal: signal } = context;
  let details: { bytes: number } | undefined;
  const beat = setInterval(() => context.heartbeat(details), HEARTBEAT_EVERY_MS);
  try {
    return await work(signal, (bytes) => (details = { bytes }));
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    // The end of a worker is no end of the work: another attempt follows.
    if (signal.aborted && context.cancellationDetails?.cancelRequested) throw signal.reason;
    log.warn('an attempt at a backup failed', { reason: sentenceOf(error) });
    throw ApplicationFailure.create({ type: 'BACKUP_FAILED', message: sentenceOf(error) });
  } finally {
    clearInterval(beat);
  }
}

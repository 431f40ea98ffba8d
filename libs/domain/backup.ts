/** What a backup was made for: the schedule, somebody who asked, or the end of a `kronus server`. */
export const BACKUP_KINDS = ['scheduled', 'manual', 'shutdown'] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

/** How far a backup is. */
export const BACKUP_STATUSES = ['running', 'succeeded', 'failed'] as const;
export type BackupStatus = (typeof BACKUP_STATUSES)[number];

const NAME = /^kronus_dump_(\d{4})-(\d{2})-(\d{2})-(\d{2})_(\d{2})_(\d{2})\.tar\.zst\.gpg$/;
const DAY_MS = 24 * 60 * 60_000;

/** The name of a backup that was begun at that moment, in UTC and to the second. */
export function backupName(begunAt: Date): string {
  const [date, time] = begunAt.toISOString().slice(0, 19).split('T');
  return `kronus_dump_${date}-${time!.replaceAll(':', '_')}.tar.zst.gpg`;
}

/** When a backup of that name was begun; null when it is no name of a backup of ours. */
export function begunAtOf(name: string): Date | null {
  const parts = NAME.exec(name)?.slice(1).map(Number);
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // The 31st of February would silently be a day in March.
  return backupName(at) === name ? at : null;
}

/** Of these names those of our backups, newest first. */
export const backupsAmong = (names: readonly string[]): string[] =>
  names.filter((name) => begunAtOf(name) !== null).sort((one, other) => (one < other ? 1 : -1));

/** What the record says of the backups in the store. */
export interface KnownBackups {
  /** Made well, and no drill has found otherwise since. */
  good: ReadonlySet<string>;
  /** Failed, or a drill could not restore it. */
  bad: ReadonlySet<string>;
}

/**
 * Which of the stored objects are too old to be kept. Never the newest good one, nor the newest of which the record does
 * not know (after a restore it knows less than the store holds); when all are known to be bad, not the newest of them.
 * Objects that are not named like our backups are nobody's here.
 */
export function expiredBackups(
  stored: readonly string[],
  { good, bad }: KnownBackups,
  { now, retentionDays }: { now: Date; retentionDays: number },
): string[] {
  const backups = backupsAmong(stored);
  const isUnknown = (name: string) => !good.has(name) && !bad.has(name);
  const kept = new Set([
    backups.find((name) => good.has(name)),
    backups.find(isUnknown),
    ...(backups.every((name) => bad.has(name)) ? backups.slice(0, 1) : []),
  ]);
  const before = now.getTime() - retentionDays * DAY_MS;
  return backups.filter((name) => !kept.has(name) && begunAtOf(name)!.getTime() < before);
}

/** What the record tells about backups as a whole. */
export interface BackupState {
  lastSucceededAt: Date | null;
  /** How long the last good one took, in milliseconds, and how many bytes it has. */
  lastTookMs: number | null;
  lastBytes: number | null;
  lastFailedAt: Date | null;
  /** How many failed in the last 24 hours. */
  failedToday: number;
  lastProvenAt: Date | null;
  /** When a drill last could not restore a backup; null when none ever failed or one went well since. */
  disprovenAt: Date | null;
}

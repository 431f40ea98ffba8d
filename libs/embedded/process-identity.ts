import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Whether a process with this id runs, whoever owns it; one that has ended and waits to be collected does not. One
 * whose other threads still end does: until the last of them is gone its ports are taken.
 */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  const stat = linuxStat(pid);
  return stat !== undefined && (stat.state !== 'Z' || stat.threads > 1);
};

/**
 * A text that tells one process from a later one with the same id, or undefined when there is none.
 * Ids start over with each boot and each container, so a bare id in a lock file may name a stranger.
 */
export const processIdentity = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined;
  if (process.platform !== 'linux') return ps(pid, 'lstart=') || undefined;
  const startedAt = linuxStat(pid)?.startedAt;
  return startedAt && `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${startedAt}`;
};

/** The command line of a process, or an empty text when it cannot be told. */
export const commandLine = (pid: number): string => {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

/** Fields 3, 20 and 22 of proc(5): the state, the number of threads, and the start in ticks since boot. */
const linuxStat = (pid: number): { state: string; threads: number; startedAt: string } | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it is in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', threads: Number(fields[17]), startedAt: fields[19] ?? '' };
  } catch {
    return undefined;
  }
};

const ps = (pid: number, column: string): string => {
  try {
    return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
};

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { commandLine, isAlive } from './process-identity.ts';

/**
 * The address of a database of the server that another process runs on this folder (that of `startPostgres`); null when
 * none is ready there.
 */
export function runningPostgres(dataDir: string, database: string): string | null {
  const data = join(resolve(dataDir), 'data');
  try {
    // PostgreSQL, "Database File Layout": process, data folder, start, port, …, and in the eighth line the state.
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port, state] = [Number(lines[0]), Number(lines[3]), lines[7]?.trim()];
    if (!pid || !port || state !== 'ready' || !isAlive(pid) || !commandLine(pid).includes(data)) return null;
    const password = readFileSync(join(resolve(dataDir), 'password'), 'utf8').trim();
    return `postgresql://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  } catch {
    return null;
  }
}

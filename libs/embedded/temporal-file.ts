import { existsSync, renameSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const CHECKED_BYTES = 64 * 1024 * 1024;
const PARTS = ['', '-wal', '-shm'];

/**
 * Whether SQLite finds the pages of the file whole (or there is no file). Files above 64 MiB are only opened, because
 * reading them all would hold up the start.
 */
export const isSound = (file: string): boolean => {
  if (!existsSync(file)) return true;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    const check = statSync(file).size > CHECKED_BYTES ? 'PRAGMA schema_version' : 'PRAGMA quick_check(1)';
    const [answer] = Object.values(database.prepare(check).get() ?? {});
    return typeof answer === 'number' || answer === 'ok';
  } catch {
    return false;
  } finally {
    database?.close();
  }
};

/** Moves the file and what belongs to it aside, keeping it; returns its new name. */
export const setAside = (file: string): string => {
  const aside = `${file}.broken-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  for (const part of PARTS) if (existsSync(file + part)) renameSync(file + part, aside + part);
  return aside;
};

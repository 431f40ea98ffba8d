/** Why a backup cannot be made, believed or restored. */
export type BackupFaultCode =
  | 'wrong_pass_phrase'
  | 'truncated'
  | 'corrupt'
  | 'foreign'
  | 'too_new'
  | 'missing'
  | 'no_space'
  | 'busy'
  | 'different'
  | 'refused'
  | 'database'
  | 'store'
  | 'cancelled';

/** A failure as one sentence for the operator: what it is about, and what to do. Holds no secret and no value of a row. */
export class BackupFault extends Error {
  override readonly name = 'BackupFault';

  constructor(
    readonly code: BackupFaultCode,
    message: string,
  ) {
    super(message);
  }
}

/** The faults of an archive, each with its one sentence; `name` is that of the object. */
export const archiveFault = {
  wrongPassPhrase: (name: string) =>
    new BackupFault(
      'wrong_pass_phrase',
      `The pass phrase does not open ${name}: use the one that it was made with (backup.passPhrase).`,
    ),
  truncated: (name: string) =>
    new BackupFault(
      'truncated',
      `${name} is not whole: it ends before its own end. Take another backup (kronus backup list).`,
    ),
  corrupt: (name: string, what: string) =>
    new BackupFault(
      'corrupt',
      `${name} is damaged: ${what}. Take another backup (kronus backup list), and look after the disk or the bucket.`,
    ),
  foreign: (name: string, what: string) =>
    new BackupFault(
      'foreign',
      `${name} is no backup of Kronus: ${what}. Take another one (kronus backup list).`,
    ),
  tooNew: (name: string, what: string) =>
    new BackupFault(
      'too_new',
      `${name} was made by a newer version of Kronus: ${what}. Restore it with that version.`,
    ),
  missing: (name: string, place: string) =>
    new BackupFault('missing', `There is no ${name} in ${place}: kronus backup list shows what there is.`),
} as const;

/** Says that the work was called off. */
export const cancelled = (): BackupFault => new BackupFault('cancelled', 'It was called off before its end.');

const NO_SPACE_ON_DISK = ['ENOSPC', 'EDQUOT'];

/** A failure of the local disk at `path`; what is a fault already stays as it is. */
export function diskFault(error: unknown, path: string): BackupFault {
  if (error instanceof BackupFault) return error;
  if (isAbort(error)) return cancelled();
  const code = codeOf(error);
  return NO_SPACE_ON_DISK.includes(code)
    ? new BackupFault(
        'no_space',
        `There is no space left in ${path} for a copy of the backup: free some, then try again.`,
      )
    : new BackupFault(
        'refused',
        `${path} cannot be used for a copy of the backup (${code || nameOf(error)}).`,
      );
}

/** A failure of the store at `place` on an object; what is a fault already stays as it is. */
export function storeFault(error: unknown, name: string, place: string): BackupFault {
  if (error instanceof BackupFault) return error;
  if (isAbort(error)) return cancelled();
  if (nameOf(error) === 'ObjectNotFound') return archiveFault.missing(name, place);
  const code = codeOf(error);
  return NO_SPACE_ON_DISK.includes(code)
    ? new BackupFault('no_space', `There is no space left in ${place}: free some, then try again.`)
    : new BackupFault('store', `${name} cannot be read from ${place} (${code || messageOf(error)}).`);
}

/**
 * A failure of PostgreSQL, or of the way to it, on a database; anything else is answered as it is. PostgreSQL's own words
 * are left out, because they quote values: its code (SQLSTATE) and the names of table and constraint say enough.
 */
export function databaseFault(error: unknown, database: string): Error {
  if (error instanceof BackupFault) return error;
  if (isAbort(error)) return cancelled();
  // Its message is made for operators, as ours are.
  if (nameOf(error) === 'DatabaseFault') return new BackupFault('database', messageOf(error));
  if (isOfConnection(error)) {
    return new BackupFault(
      'database',
      `The connection to ${database} broke (${codeOf(error) || messageOf(error)}): is PostgreSQL up?`,
    );
  }
  const { state, about } = postgresWords(error);
  if (/^(08|57P)/.test(state)) {
    return new BackupFault(
      'database',
      `PostgreSQL ended the connection to ${database} (SQLSTATE ${state}): is it up, and did somebody stop it?`,
    );
  }
  if (state.startsWith('53')) {
    return new BackupFault(
      'no_space',
      `PostgreSQL has no room left for ${database} (SQLSTATE ${state}): free some, then try again.`,
    );
  }
  if (state === '42501' || state.startsWith('28') || state === '0LP01') {
    return new BackupFault(
      'refused',
      `PostgreSQL does not allow it on ${database} (SQLSTATE ${state}${about}): check the role (kronus db setup).`,
    );
  }
  if (state === '') return error instanceof Error ? error : new Error(String(error));
  return new BackupFault(
    'database',
    `PostgreSQL could not do it on ${database} (SQLSTATE ${state}${about}).`,
  );
}

/** Whether an error says that its signal was aborted. */
export const isAbort = (error: unknown): boolean =>
  nameOf(error) === 'AbortError' || codeOf(error) === 'ABORT_ERR';

/** The driver gives errors of the socket as they are, and a few of its own. */
const isOfConnection = (error: unknown): boolean =>
  /^E[A-Z]+$/.test(codeOf(error)) ||
  /^(Connection terminated|timeout expired|Client was closed)/.test(messageOf(error));

interface PostgresError {
  code?: unknown;
  table?: unknown;
  constraint?: unknown;
  severity?: unknown;
  previous?: unknown;
  cause?: unknown;
}

/** The library of entities wraps the error of the driver. */
function postgresWords(error: unknown): { state: string; about: string } {
  for (
    let each = error as PostgresError | undefined;
    each;
    each = (each.cause ?? each.previous) as typeof each
  ) {
    if (typeof each.code !== 'string' || !/^[0-9A-Z]{5}$/.test(each.code) || each.severity === undefined)
      continue;
    const about = [each.table, each.constraint].filter((name) => typeof name === 'string').join(', ');
    return { state: each.code, about: about && `, ${about}` };
  }
  return { state: '', about: '' };
}

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : '';
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

import { StoreFault } from './store-fault.ts';

/** Statuses after which Google advises another try (cloud.google.com/storage/docs/retry-strategy). */
const PASSING_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODE =
  /^(ECONN|EPIPE|EHOST|ENET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_STREAM_PREMATURE_CLOSE|UND_ERR)|^(TimeoutError|AbortError)$/;

/** The status or the system's code of an error of the library; undefined when it tells none. */
export function codeOfGcs(error: unknown): number | string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, status, errors, message, cause } = error as Record<string, unknown>;
  const reason = Array.isArray(errors) ? (errors[0] as { reason?: unknown } | undefined)?.reason : undefined;
  for (const each of [code, status, reason]) {
    if (typeof each === 'number') return each;
    if (typeof each === 'string' && each !== '') return /^\d{3}$/.test(each) ? Number(each) : each;
  }
  // After its last try the library tells the status in its message only.
  const told = /status(?: code)?:? (\d{3})\b/i.exec(String(message))?.[1];
  if (told) return Number(told);
  const coded = /\b(E[A-Z]{3,}(?:_[A-Z]+)*)\b/.exec(String(message))?.[1];
  if (coded) return coded;
  if (/premature close|socket hang up|aborted/i.test(String(message))) return 'ECONNRESET';
  if (/timeout|time limit/i.test(String(message))) return 'ETIMEDOUT';
  return cause === undefined ? undefined : codeOfGcs(cause);
}

/** Whether the same request may well succeed in a moment. */
export function isPassing(error: unknown): boolean {
  const code = codeOfGcs(error);
  return typeof code === 'number' ? PASSING_STATUS.has(code) : PASSING_CODE.test(code ?? '');
}

/** An error of the library as one sentence; its own words may hold addresses and names that are nobody's business. */
export function faultOfGcs(error: unknown, place: string, name?: string): StoreFault {
  if (error instanceof StoreFault) return error;
  const code = codeOfGcs(error);
  if (isPassing(error)) return new StoreFault('unreachable', `${place} cannot be reached (${code})`);
  switch (code) {
    case 401:
    case 403:
      return new StoreFault(
        'refused',
        `${place} does not take the credentials (${code}); check google.applicationCredentials (GOOGLE_APPLICATION_CREDENTIALS)`,
      );
    case 404:
      return new StoreFault(
        'no_bucket',
        `there is no ${place}; check google.storage.bucket (KRONUS_BACKUP_BUCKET)`,
      );
    case 412:
      return new StoreFault('exists', `there is a ${name} in ${place} already`);
    case 'FILE_NO_UPLOAD':
    case 'FILE_NO_UPLOAD_DELETE':
      return new StoreFault('damaged', `${name} did not arrive in ${place} as it was sent`);
    case 'ENOENT':
      return new StoreFault(
        'refused',
        'the file of google.applicationCredentials (GOOGLE_APPLICATION_CREDENTIALS) cannot be read',
      );
    default: {
      const isUnknown = /default credentials/i.test(String((error as Error | null)?.message));
      if (isUnknown)
        return new StoreFault(
          'refused',
          `there are no credentials for ${place}; set google.applicationCredentials (GOOGLE_APPLICATION_CREDENTIALS)`,
        );
      return new StoreFault(
        'failed',
        `${place} cannot be used (${code ?? (error as Error | null)?.name ?? 'unknown'})`,
      );
    }
  }
}

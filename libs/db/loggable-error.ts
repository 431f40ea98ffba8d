import { DriverException, ValidationError } from '@mikro-orm/postgresql';

/** Whether the message of an error may quote a statement or a row with their values: those of the database and of its mapper. */
function quotesValues(error: Error): boolean {
  if (error instanceof DriverException || error instanceof ValidationError) return true;
  // PostgreSQL's own, where no mapper stands between.
  return 'severity' in error && 'code' in error && 'routine' in error;
}

/** The message of an error as a log may hold it. */
export const loggableMessage = (error: Error): string | undefined =>
  quotesValues(error) ? undefined : error.message;

/** What a log may hold of an error. */
export function loggableError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return { type: error.name, message: loggableMessage(error), code, constraint, stack: frames.join('\n') };
}

/**
 * An error as others than the database may keep it: one that can quote values becomes its name, PostgreSQL's code and the
 * constraint, also where it is only the cause of another. Anything else stays what it is.
 */
export function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (quotesValues(error)) {
    const { name, code, constraint } = error as { name: string; code?: unknown; constraint?: unknown };
    const details = [code, constraint].filter((each) => typeof each === 'string').join(', ');
    const bare = new Error(`the database did not take it${details && ` (${details})`}`);
    return Object.assign(bare, { name, stack: `${name}: ${bare.message}` });
  }
  if (error.cause !== undefined)
    Object.defineProperty(error, 'cause', { value: withoutValues(error.cause), configurable: true });
  return error;
}

import { DriverException } from '@mikro-orm/postgresql';

/** The message of an error as a log may hold it: those of database errors quote statements with their values. */
export const loggableMessage = (error: Error): string | undefined =>
  error instanceof DriverException ? undefined : error.message;

/** What a log may hold of an error. */
export function loggableError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return { type: error.name, message: loggableMessage(error), code, constraint, stack: frames.join('\n') };
}

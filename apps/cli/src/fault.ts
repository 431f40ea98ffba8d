/** What only a mistake in the code throws. */
const BUGS = [TypeError, ReferenceError, SyntaxError, RangeError];

/** An error that tells of the surroundings is a fault, said in its own sentence; a bug keeps its stack. */
export function asFault(error: unknown): unknown {
  if (!(error instanceof Error) || 'faults' in error || BUGS.some((bug) => error instanceof bug))
    return error;
  return Object.assign(error, { faults: [error.message] });
}

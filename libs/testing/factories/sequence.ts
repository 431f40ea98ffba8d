let last = 0;

/** A number that this process has not had before. */
export const nextNumber = (): number => ++last;

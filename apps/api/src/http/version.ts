import { AppError } from '#libs/domain/errors';

/**
 * Refuses a change that was meant for another version; whoever names none (`undefined`) changes any.
 * @throws AppError conflict
 */
export function mustBeVersion(present: number, ...expected: (number | undefined)[]): void {
  if (expected.every((version) => version === undefined || version === present)) return;
  throw new AppError('conflict', `it was changed meanwhile: its version is ${present}`);
}

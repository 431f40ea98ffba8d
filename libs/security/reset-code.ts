import { randomInt } from 'node:crypto';

const DIGITS = 8;

/** A code of 8 random digits that a person types in; kept as the hash of a password, because 10⁸ could be guessed. */
export const newResetCode = (): string => String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0');

/** The one source of the present, so that a test can move it. */
export interface Clock {
  now(): Date;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date() };

/** Adds milliseconds to an instant; the instant itself is not changed. */
export const plusMs = (instant: Date, ms: number): Date => new Date(instant.getTime() + ms);

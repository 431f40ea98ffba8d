import type { Clock } from '#libs/domain/clock';

/** A clock that stands still until it is set. */
export class TestClock implements Clock {
  #now: Date;

  constructor(now: Date | number = Date.now()) {
    this.#now = new Date(now);
  }

  now(): Date {
    return new Date(this.#now);
  }

  set(now: Date | number): void {
    this.#now = new Date(now);
  }
}

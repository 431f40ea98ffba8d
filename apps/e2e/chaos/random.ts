/** Numbers that look random and are the same for the same seed, so that a run can be repeated (mulberry32). */
export class Random {
  #state: number;

  /** @param name makes independent numbers of the same seed, so that one of several uses can be repeated alone */
  constructor(seed: number, name = '') {
    this.#state =
      [...name].reduce((state, letter) => Math.imul(state, 31) + letter.codePointAt(0)!, seed) >>> 0;
  }

  /** From 0 to just below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** One of `items`, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!;
  }
}

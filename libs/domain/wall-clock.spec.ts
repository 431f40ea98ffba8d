import { expect, it } from '@jest/globals';
import { sayMoment } from './wall-clock.ts';

const now = new Date('2026-11-21T12:00:00Z');

it.each([
  ['2026-12-02T18:00:00Z', 'UTC', 'Wed 2 Dec 18:00'],
  ['2026-12-02T23:00:00Z', 'America/Toronto', 'Wed 2 Dec 18:00'],
  ['2026-12-02T00:05:00Z', 'UTC', 'Wed 2 Dec 00:05'],
  ['2027-09-01T07:30:00Z', 'UTC', 'Wed 1 Sep 2027 07:30'],
  // The year is the one on the person's own wall clock.
  ['2027-01-01T03:00:00Z', 'America/Toronto', 'Thu 31 Dec 22:00'],
])('says %s in %s as %s', (moment, zone, words) => {
  expect(sayMoment(new Date(moment), zone, now)).toBe(words);
  expect(words).toMatch(/^[ -~]*$/);
});

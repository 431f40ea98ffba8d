import { nextTick } from './cadence.ts';
import { plusMs } from './clock.ts';

/** A time of day on the wall clock, from 00:00 to 23:59. */
export const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

/** When a person sleeps, daily on their wall clock: `from` belongs to it, `to` does not. `to` may be on the next day. */
export interface QuietHours {
  from: string;
  to: string;
}

/** All that decides when a person is asked, while their schedule is on. */
export interface CheckPlan {
  cronExpression: string;
  /** IANA name: whose wall clock the ticks and the quiet hours follow. */
  timeZone: string;
  quietHours: QuietHours | null;
  /** Ticks before this moment are not asked; a moment that has passed says nothing about those to come. */
  pausedUntil: Date | null;
}

const DAY_MS = 24 * 60 * 60_000;
const MAX_REMEMBERED = 1_000;
// Who looks at settings looks at the same ones again and again, and most people share a few plans.
const remembered = new Map<string, readonly Date[]>();

/**
 * The first check strictly after `after`. Checks are the ticks from the end of the pause on, each moved to the end of
 * the quiet hours that it falls into; so those of one night are one check, at the end of it. The answer does not
 * depend on when the plan was made: planning anew in the middle of a night keeps what that night has held back.
 * As with ticks, it depends on the time-zone data of this process: record it, do not compute it twice.
 * @throws RangeError when the expression is invalid or never ticks
 */
export function nextCheck(plan: CheckPlan, after: Date): Date {
  const { cronExpression, timeZone, quietHours, pausedUntil } = plan;
  const isHeldBack = quietHours !== null && isQuiet(quietHours, timeZone, after);
  const begin = isHeldBack ? justBefore(startOfQuiet(quietHours, timeZone, after)) : after;
  const ticksAfter = pausedUntil && pausedUntil > begin ? justBefore(pausedUntil) : begin;
  return outsideQuietHours(plan, nextTick(cronExpression, timeZone, ticksAfter));
}

/** The next `count` checks, in order, of which `first` is known already. */
export function checksFrom(plan: CheckPlan, first: Date, count: number): readonly Date[] {
  const { cronExpression, timeZone, quietHours, pausedUntil } = plan;
  const key = JSON.stringify([cronExpression, timeZone, quietHours, pausedUntil, first, count]);
  const known = remembered.get(key);
  if (known) return known;
  const checks = [first];
  while (checks.length < count) checks.push(nextCheck(plan, checks.at(-1)!));
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(key, checks);
  return checks;
}

/** `at` itself, or the end of the quiet hours that it falls into. */
export function outsideQuietHours({ quietHours, timeZone }: CheckPlan, at: Date): Date {
  let outside = at;
  while (quietHours && isQuiet(quietHours, timeZone, outside))
    outside = nextTimeOfDay(quietHours.to, timeZone, outside);
  return outside;
}

/** What is wrong with a pause until then, in a sentence; null when nothing is. */
export function pauseFault(until: Date, now: Date): string | null {
  if (until <= now) return 'until must lie in the future';
  const inOneYear = new Date(now);
  inOneYear.setUTCFullYear(now.getUTCFullYear() + 1);
  return until > inOneYear ? 'until must lie at most one year ahead' : null;
}

// Quiet hours begin and end once a day, like the ticks of a daily schedule. So a clock change inside of them makes them
// longer or shorter and never splits them in two, as comparing times of day would.
function isQuiet({ from, to }: QuietHours, timeZone: string, at: Date): boolean {
  const end = nextTimeOfDay(to, timeZone, at).getTime();
  const start = nextTimeOfDay(from, timeZone, at).getTime();
  // Both are skipped by spring: what lies between them does not happen on that day.
  if (end === start) return from > to;
  return end < start;
}

function startOfQuiet({ from }: QuietHours, timeZone: string, at: Date): Date {
  let start = nextTimeOfDay(from, timeZone, plusMs(at, -3 * DAY_MS));
  for (;;) {
    const next = nextTimeOfDay(from, timeZone, start);
    if (next > at) return start;
    start = next;
  }
}

function nextTimeOfDay(time: string, timeZone: string, after: Date): Date {
  const [hour, minute] = time.split(':').map(Number);
  return nextTick(`${minute} ${hour} * * *`, timeZone, after);
}

const justBefore = (instant: Date): Date => plusMs(instant, -1);

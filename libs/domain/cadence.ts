import { Cron } from 'croner';

const FIELD = /^[\dA-Za-z*,/-]+$/;
const MAX_LENGTH = 100;
const EXTENSIONS = /(^|[,\s])(L|\d+L|LW|\d*W)([,\s]|$)/i;

const MAX_REMEMBERED = 1_000;

// Reading an expression costs more than all else here, and most people share a few.
const valid = new Map<string, boolean>();

function remember(expression: string, isValid: boolean): boolean {
  if (valid.size >= MAX_REMEMBERED) valid.clear();
  valid.set(expression, isValid);
  return isValid;
}

function parse(expression: string, timeZone: string): Cron {
  return new Cron(expression.trim(), { mode: '5-part', timezone: timeZone, paused: true });
}

/**
 * True for a standard five-field cron expression (minute, hour, day of month, month, day of week) that has a next
 * tick at all: `0 0 30 2 *` is well formed and still refused, because a check that never comes is a check lost.
 */
export function isValidCron(expression: string): boolean {
  if (expression.length > MAX_LENGTH) return false;
  return valid.get(expression) ?? remember(expression, ticksAtAll(expression));
}

function ticksAtAll(expression: string): boolean {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field)) || EXTENSIONS.test(expression))
    return false;
  try {
    return parse(expression, 'UTC').nextRun() !== null;
  } catch {
    return false;
  }
}

/**
 * True for a time zone name that this process knows (IANA). Offsets such as +05:00 are understood but have no
 * daylight-saving rules: only names count.
 */
export function isKnownTimeZone(timeZone: string): boolean {
  if (!/^[a-z]/i.test(timeZone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

const MINUTE_MS = 60_000;
/** By how much clocks are set back, wherever they are: an hour, on Lord Howe half of one, at Troll two. */
const SET_BACK_MS = [30 * MINUTE_MS, 60 * MINUTE_MS, 120 * MINUTE_MS];

const wallClocks = new Map<string, Intl.DateTimeFormat>();

function wallClockOf(timeZone: string): Intl.DateTimeFormat {
  const known = wallClocks.get(timeZone);
  if (known) return known;
  if (wallClocks.size >= MAX_REMEMBERED) wallClocks.clear();
  const wallClock = new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  wallClocks.set(timeZone, wallClock);
  return wallClock;
}

/** True when the wall clock showed this time once before on the same day, because it was set back since. */
function isRepeated(tick: Date, timeZone: string): boolean {
  const wallClock = wallClockOf(timeZone);
  const shown = wallClock.format(tick);
  return SET_BACK_MS.some((ms) => wallClock.format(tick.getTime() - ms) === shown);
}

/** True for "every hour" and "every other hour", whose ticks come after so much time and not at a time of day. */
const isHourly = (expression: string): boolean => expression.trim().split(/\s+/)[1]!.startsWith('*');

/**
 * The first tick strictly after `after`, on the wall clock of `timeZone`.
 * A time of day that spring skips ticks once, right after the gap; one that autumn repeats ticks once, the first time.
 * Expressions with a wildcard in the hour follow elapsed time through the repeated hour, as cron does.
 * The answer depends on the time-zone data of this process: record it, do not compute it twice.
 * @throws RangeError when the expression is invalid or never ticks.
 */
export function nextTick(expression: string, timeZone: string, after: Date): Date {
  const cron = isValidCron(expression) ? parse(expression, timeZone) : null;
  let tick = cron?.nextRun(after);
  while (tick && !isHourly(expression) && isRepeated(tick, timeZone)) tick = cron!.nextRun(tick);
  if (!tick) throw new RangeError('the cron expression never ticks');
  return tick;
}

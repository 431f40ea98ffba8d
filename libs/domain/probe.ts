import { isDeliveryFailure, type DeliveryStatus, type ErrorClass } from './delivery.ts';
import type { ReplyMeaning } from './replies.ts';

/** Every state of a probe, `pending` first; all others are final. */
export const PROBE_STATUSES = ['pending', 'good', 'bad', 'cancelled', 'unavailable'] as const;
export type ProbeStatus = (typeof PROBE_STATUSES)[number];

/**
 * Why a probe ended. Never shown as "you did not answer": `undeliverable` (the phone got no question), `invalid_number`
 * (no text can ever reach the number) and `opted_out` (the person sent STOP).
 */
export const PROBE_REASONS = [
  'replied',
  'no_reply',
  'undeliverable',
  'invalid_number',
  'opted_out',
  'cancelled_by_user',
  'superseded',
] as const;
export type ProbeReason = (typeof PROBE_REASONS)[number];

/** `scheduled`: a tick of the person's cron. `one_off`: "check on me in N minutes". */
export type ProbeKind = 'scheduled' | 'one_off';

/** A probe that waits for an answer. */
export interface OpenProbe {
  id: number;
  /** Follow-ups handed to the provider so far. */
  retryCount: number;
  maxRetries: number;
  /** Follow-ups beyond `maxRetries`, because a deadline passed while Kronus was away. */
  lateRetries: number;
  waitMs: number;
  /** When the latest question was handed to the provider; null while the check-in itself still has to go. */
  lastAskedAt: Date | null;
}

/** All that decides what a person's workflow does next. */
export interface Watch {
  openProbe: OpenProbe | null;
  /** The next tick of an active schedule; in the past when it is overdue. Null when the schedule is off. */
  nextTickAt: Date | null;
  /** The earliest one-off check that was not asked yet. */
  nextOneOff: { id: number; dueAt: Date } | null;
}

/** What makes a check due: a tick of the schedule, or a one-off check that was asked for. */
export type Tick = { kind: 'scheduled' } | { kind: 'one_off'; checkId: number };

/**
 * The next thing to do for a person and when, in epoch milliseconds: never before `at`, at once when `at` has passed.
 * Plain data, because it is recorded in the workflow's history.
 */
export type ProbeStep =
  | { do: 'rest' }
  | { do: 'ask'; at: number; tick: Tick }
  | { do: 'checkIn'; at: number; probeId: number }
  | { do: 'followUp'; at: number; probeId: number; number: number }
  | { do: 'giveUp'; at: number; probeId: number };
type TimedStep = Exclude<ProbeStep, { do: 'rest' }>;

function stepOf(probe: OpenProbe, now: Date): TimedStep {
  if (!probe.lastAskedAt) return { do: 'checkIn', at: now.getTime(), probeId: probe.id };
  const at = probe.lastAskedAt.getTime() + probe.waitMs;
  return probe.retryCount < probe.maxRetries + probe.lateRetries
    ? { do: 'followUp', at, probeId: probe.id, number: probe.retryCount + 1 }
    : { do: 'giveUp', at, probeId: probe.id };
}

/**
 * What follows for a person, purely from what is recorded. An open probe goes first: ticks are skipped while one is
 * pending. A one-off check that falls due earlier than the open probe's next step takes its place, because it is what
 * the person asked for last.
 */
export function nextStep(watch: Watch, now: Date): ProbeStep {
  const { openProbe, nextTickAt, nextOneOff } = watch;
  const oneOff: TimedStep | null = nextOneOff && {
    do: 'ask',
    at: nextOneOff.dueAt.getTime(),
    tick: { kind: 'one_off', checkId: nextOneOff.id },
  };
  const other: TimedStep | null = openProbe
    ? stepOf(openProbe, now)
    : nextTickAt && { do: 'ask', at: nextTickAt.getTime(), tick: { kind: 'scheduled' } };
  if (oneOff && other) return oneOff.at < other.at ? oneOff : other;
  return oneOff ?? other ?? { do: 'rest' };
}

/** What follows the last deadline of a probe that nobody answered. */
export type SilenceEffect = 'wait' | 'askOnceMore' | 'alarm';

/**
 * Silence raises the alarm, but never on our own downtime: a deadline that is noticed late passed while Kronus was away,
 * and the person is asked once more. Within `lateAfterMs` it is called punctual.
 */
export function onSilence(probe: OpenProbe, now: Date, lateAfterMs: number): SilenceEffect {
  const step = stepOf(probe, now);
  if (step.do !== 'giveUp' || now.getTime() < step.at) return 'wait';
  const isLate = now.getTime() - step.at > lateAfterMs;
  return isLate && probe.lateRetries === 0 ? 'askOnceMore' : 'alarm';
}

/**
 * What a watched person's text does to their latest probe. `settle`: it decides an open probe. `allClear`: a late yes
 * after an alarm. `keep`: remembered, moves no deadline. `ignore`: there is nothing it could be about.
 */
export type ReplyEffect =
  { do: 'settle'; status: 'good' | 'bad' } | { do: 'allClear' } | { do: 'keep' } | { do: 'ignore' };

/** Decides the effect of a reply; total, so that a test can enumerate it. */
export function effectOfReply(
  probe: { status: ProbeStatus; isAllClear: boolean } | null,
  meaning: ReplyMeaning,
): ReplyEffect {
  if (!probe) return { do: 'ignore' };
  if (probe.status === 'pending')
    return meaning === 'unclear' ? { do: 'keep' } : { do: 'settle', status: meaning };
  const isAlarm = probe.status === 'bad' || probe.status === 'unavailable';
  return isAlarm && meaning === 'good' && !probe.isAllClear ? { do: 'allClear' } : { do: 'ignore' };
}

/** True for the two ends that raise the alarm. */
export const isAlarm = (status: ProbeStatus): boolean => status === 'bad' || status === 'unavailable';

/** How a question that failed ends its probe at once; null when the next follow-up may still arrive. */
export function endOfFailedQuestion(errorClass: ErrorClass): 'opted_out' | 'invalid_number' | null {
  switch (errorClass) {
    case 'opted_out':
      return 'opted_out';
    case 'broken':
      return 'invalid_number';
    case 'unreachable':
    case 'retry':
    case 'operator':
      return null;
  }
}

/** Why nobody answered, from what became of the questions: one that may have arrived makes it silence. */
export const reasonOfSilence = (questions: DeliveryStatus[]): 'undeliverable' | 'no_reply' =>
  questions.every(isDeliveryFailure) ? 'undeliverable' : 'no_reply';

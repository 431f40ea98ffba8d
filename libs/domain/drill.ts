import { effectOfReply, type ProbeStatus } from './probe.ts';
import type { ReplyMeaning } from './replies.ts';

/** Every state of a drill, `running` first; the others are final. */
export const DRILL_STATUSES = ['running', 'finished', 'cancelled'] as const;
export type DrillStatus = (typeof DRILL_STATUSES)[number];

/** Why a drill was cancelled. `superseded`: a real check fell due, and goes first. */
export const DRILL_REASONS = ['cancelled_by_user', 'superseded'] as const;
export type DrillReason = (typeof DRILL_REASONS)[number];

/** The bounds of a drill: minutes that everybody has for an answer; how many a person may start within `perMs`. */
export const DRILL_LIMITS = {
  waitMinutes: { min: 5, max: 60, default: 10 },
  count: 3,
  perMs: 24 * 60 * 60_000,
} as const;

/** One question of a drill to one phone. */
export interface DrillQuestion {
  /** When the provider took it; null while it is on its way. */
  sentAt: Date | null;
  /** True when it cannot arrive: nobody waits for its answer. */
  isFailed: boolean;
  isAnswered: boolean;
}

/** All that decides what a drill does next. */
export interface DrillState {
  status: DrillStatus;
  /** The question to the person; null while it was not recorded. */
  person: DrillQuestion | null;
  /** The contacts that an alarm would ask now, in that order. */
  contactIds: number[];
  /** The questions to contacts so far, oldest first; `contactId` is null when the contact was deleted since. */
  contacts: (DrillQuestion & { contactId: number | null })[];
  /** True once the person was told (or could not be) how it went. */
  isOutcomeTold: boolean;
  waitMs: number;
}

/**
 * The next thing to do in a drill, due at once; only `wait` lets time pass, until `until` (epoch milliseconds).
 * Plain data, because it is recorded in the workflow's history.
 */
export type DrillStep =
  | { do: 'askPerson' }
  | { do: 'askContact'; contactId: number }
  | { do: 'wait'; until: number }
  | { do: 'tellOutcome' }
  | { do: 'end' };

/** When a question that was sent is over without an answer, in epoch milliseconds; null when it is over already. */
function deadlineOf(question: DrillQuestion, waitMs: number, now: Date): number | null {
  if (question.isAnswered || question.isFailed || !question.sentAt) return null;
  const until = question.sentAt.getTime() + waitMs;
  return now.getTime() < until ? until : null;
}

const isOnItsWay = (question: DrillQuestion): boolean =>
  !question.sentAt && !question.isFailed && !question.isAnswered;

/**
 * What follows in a drill, purely from what is recorded. The person is asked, then each contact once, in the order of
 * an alarm; whoever answered, cannot be reached, or was silent for `waitMs` makes way for the next. At the end the
 * person is told. Never throws.
 */
export function nextDrillStep(state: DrillState, now: Date): DrillStep {
  const { person, contacts, contactIds, waitMs } = state;
  if (state.status !== 'running') return { do: 'end' };
  if (!person || isOnItsWay(person)) return { do: 'askPerson' };
  const asked = contacts.at(-1);
  if (asked && isOnItsWay(asked) && asked.contactId !== null)
    return { do: 'askContact', contactId: asked.contactId };
  const until = deadlineOf(asked ?? person, waitMs, now);
  if (until !== null) return { do: 'wait', until };
  const next = contactIds.find((id) => !contacts.some((each) => each.contactId === id));
  if (next !== undefined) return { do: 'askContact', contactId: next };
  return { do: state.isOutcomeTold ? 'end' : 'tellOutcome' };
}

/** What a person's text could be an answer to: their latest probe and their latest drill. */
export interface PersonTextClaims {
  probe: { status: ProbeStatus; isAllClear: boolean } | null;
  /** `isLatest`: no check was opened since. */
  drill: { status: DrillStatus; isAnswered: boolean; isLatest: boolean } | null;
  meaning: ReplyMeaning;
}

/**
 * Whose answer a person's text is; total, so that a test can enumerate it. A real check that is pending takes every
 * text. Else a running drill does, because it asked last. After a drill its late answer is still taken, unless a check
 * was opened since, or the text is the all-clear of a real alarm. A cancelled drill takes none.
 */
export function ownerOfPersonText({ probe, drill, meaning }: PersonTextClaims): 'probe' | 'drill' {
  if (!drill || drill.status === 'cancelled' || probe?.status === 'pending') return 'probe';
  if (drill.status === 'running') return 'drill';
  return drill.isAnswered || !drill.isLatest || effectOfReply(probe, meaning).do === 'allClear'
    ? 'probe'
    : 'drill';
}

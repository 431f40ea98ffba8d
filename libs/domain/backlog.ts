import type { DeliveryStatus } from './delivery.ts';

/** How urgent a text is: an escalation's, a follow-up or a reply, or anything that is routine. */
export const MESSAGE_PRIORITIES = ['escalation', 'follow_up', 'routine'] as const;
export type MessagePriority = (typeof MESSAGE_PRIORITIES)[number];

/** How many things wait, and for how long the oldest has; 0 milliseconds when none does. */
export interface Waiting {
  count: number;
  oldestMs: number;
}

/** What Kronus still has to do, and since when. Numbers only: nothing in it can name a person. */
export interface Backlog {
  /** Texts of the last 24 hours by what became of them. */
  messages: Partial<Record<DeliveryStatus, number>>;
  /** For how long the oldest text that is still wanted was not taken by the provider, in milliseconds. */
  unsentMs: Partial<Record<MessagePriority, number>>;
  /** People whose next step fell due more than a minute ago and was not taken. */
  overdueCycles: Waiting;
  /** Signals that a commit left owed to a workflow. */
  owedSignals: Waiting;
  /** Texts that came in and were not applied. */
  unhandledTexts: Waiting;
  /** Alarms that have not come to rest. */
  openEscalations: number;
  /** How long ago texts were last read back from the provider, in milliseconds; null when they never were. */
  readBackMs: number | null;
}

/** A step that is taken within this time of falling due is not late. */
export const ON_TIME_MS = 60_000;

const MINUTE_MS = 60_000;

/** For how long each part of the work may stay undone while Kronus still counts as well. */
const TOLERANCE_MS = {
  cycles: 2 * MINUTE_MS,
  alarms: MINUTE_MS,
  signals: 2 * MINUTE_MS,
  inbound: 2 * MINUTE_MS,
} as const;

/** A part of the work that is not done in time. */
export type Delay = keyof typeof TOLERANCE_MS;

/** What is not done in time; nothing while Kronus does for everybody what it should. */
export function delaysIn(backlog: Backlog): Delay[] {
  const { unsentMs, overdueCycles, owedSignals, unhandledTexts } = backlog;
  const ageMs: Record<Delay, number> = {
    cycles: overdueCycles.oldestMs,
    alarms: unsentMs.escalation ?? 0,
    signals: owedSignals.oldestMs,
    inbound: unhandledTexts.oldestMs,
  };
  return (Object.keys(TOLERANCE_MS) as Delay[]).filter((part) => ageMs[part] > TOLERANCE_MS[part]);
}

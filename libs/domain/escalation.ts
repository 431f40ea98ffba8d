import type { ProbeReason, ProbeStatus } from './probe.ts';
import type { AlertCause } from './texts.ts';

/** One request to one contact to look after the person. */
export interface Alert {
  /** Null when the contact was deleted since. */
  contactId: number | null;
  round: number;
  /** When the provider took it; null while it is on its way. */
  sentAt: Date | null;
  /** True when it cannot arrive, or the contact refused to be one: the next contact is asked at once. */
  isFailed: boolean;
  /** True once the person was told (or could not be) that this contact was asked. */
  isPersonTold: boolean;
}

/** How far a piece of news is: not there, there but not told to everyone it concerns, told. */
export type Progress = 'none' | 'untold' | 'told';

/** All that decides what an escalation does next. */
export interface EscalationState {
  /** Flagged contacts who have not refused, in the order in which they are asked. */
  contactIds: number[];
  /** Alerts so far, oldest first. */
  alerts: Alert[];
  /** `untold`: somebody still has to hear of it. */
  acknowledgement: Progress;
  allClear: Progress;
  /** True once the person was told (or could not be) that there was nobody to ask. */
  isNobodyTold: boolean;
  waitMs: number;
}

/** How an escalation came to rest. A later acknowledgement or all-clear takes it up again. */
export type EscalationOutcome = 'all_clear' | 'acknowledged' | 'nobody_to_ask' | 'nobody_answered';

/** The next thing to do in an escalation, due at once; only `wait` lets time pass, until `until` (epoch milliseconds). */
export type EscalationStep =
  | { do: 'ask'; contactId: number; round: number }
  | { do: 'tellPerson'; contactId: number }
  | { do: 'tellNobody' }
  | { do: 'wait'; until: number }
  | { do: 'tellAllClear' }
  | { do: 'tellAcknowledged' }
  | { do: 'end'; outcome: EscalationOutcome };

const isOnItsWay = (alert: Alert): alert is Alert & { contactId: number } =>
  !alert.sentAt && !alert.isFailed && alert.contactId !== null;

/** Everybody is asked once; after the last, the first who could be reached is asked once again. */
function nextToAsk({ contactIds, alerts }: EscalationState): { contactId: number; round: number } | null {
  const notAsked = contactIds.find((id) => !alerts.some((alert) => alert.contactId === id));
  if (notAsked !== undefined) return { contactId: notAsked, round: 1 };
  if (alerts.some((alert) => alert.round === 2)) return null;
  const reachable = contactIds.find(
    (id) => !alerts.some((alert) => alert.contactId === id && alert.isFailed),
  );
  return reachable === undefined ? null : { contactId: reachable, round: 2 };
}

/**
 * What follows in an escalation, purely from what is recorded. Contacts are asked in order, each given `waitMs` to
 * acknowledge; one who cannot be reached costs no wait. An acknowledgement stops the asking, an all-clear everything.
 */
export function nextEscalationStep(state: EscalationState, now: Date): EscalationStep {
  if (state.allClear === 'untold') return { do: 'tellAllClear' };
  if (state.allClear === 'told') return { do: 'end', outcome: 'all_clear' };
  if (state.acknowledgement === 'untold') return { do: 'tellAcknowledged' };
  if (state.acknowledgement === 'told') return { do: 'end', outcome: 'acknowledged' };

  const last = state.alerts.at(-1);
  if (last && isOnItsWay(last)) return { do: 'ask', contactId: last.contactId, round: last.round };
  if (last?.sentAt && !last.isFailed) {
    if (!last.isPersonTold && last.contactId !== null) return { do: 'tellPerson', contactId: last.contactId };
    const until = last.sentAt.getTime() + state.waitMs;
    if (now.getTime() < until) return { do: 'wait', until };
  }
  const next = nextToAsk(state);
  if (next) return { do: 'ask', ...next };
  const hasAsked = state.alerts.some((alert) => alert.sentAt && !alert.isFailed);
  if (hasAsked) return { do: 'end', outcome: 'nobody_answered' };
  return state.isNobodyTold ? { do: 'end', outcome: 'nobody_to_ask' } : { do: 'tellNobody' };
}

const CAUSES: Partial<Record<ProbeReason, AlertCause>> = {
  undeliverable: 'unreachable',
  invalid_number: 'invalid_number',
  opted_out: 'opted_out',
};

/** What the contacts are told of the end of a probe: "missed their check-in" only of somebody who could have answered. */
export function alertCauseOf(status: ProbeStatus, reason: ProbeReason | null | undefined): AlertCause {
  if (status === 'bad') return 'bad';
  return (reason && CAUSES[reason]) ?? 'no_reply';
}

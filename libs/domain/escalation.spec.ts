import { describe, expect, it } from '@jest/globals';
import { alertCauseOf, nextEscalationStep, type Alert, type EscalationState } from './escalation.ts';
import { PROBE_REASONS } from './probe.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute));
const sent = (contactId: number, minute: number, round = 1): Alert => ({
  contactId,
  round,
  sentAt: at(minute),
  isFailed: false,
  isPersonTold: true,
});
const failed = (contactId: number): Alert => ({
  contactId,
  round: 1,
  sentAt: null,
  isFailed: true,
  isPersonTold: false,
});
const state = (alerts: Alert[], over: Partial<EscalationState> = {}): EscalationState => ({
  contactIds: [1, 2],
  alerts,
  acknowledgement: 'none',
  allClear: 'none',
  isNobodyTold: false,
  waitMs: 15 * 60_000,
  ...over,
});

describe('nextEscalationStep', () => {
  it('asks the first contact at once', () => {
    expect(nextEscalationStep(state([]), at(0))).toEqual({ do: 'ask', contactId: 1, round: 1 });
  });

  it('gives each contact the wait, then asks the next, and after the last the first once again', () => {
    expect(nextEscalationStep(state([sent(1, 0)]), at(14))).toEqual({ do: 'wait', until: +at(15) });
    expect(nextEscalationStep(state([sent(1, 0)]), at(15))).toEqual({ do: 'ask', contactId: 2, round: 1 });
    expect(nextEscalationStep(state([sent(1, 0), sent(2, 15)]), at(30))).toEqual({
      do: 'ask',
      contactId: 1,
      round: 2,
    });
    const all = [sent(1, 0), sent(2, 15), sent(1, 30, 2)];
    expect(nextEscalationStep(state(all), at(44))).toEqual({ do: 'wait', until: +at(45) });
    expect(nextEscalationStep(state(all), at(45))).toEqual({ do: 'end', outcome: 'nobody_answered' });
  });

  it('goes on at once when a contact cannot be reached, and does not ask that one again', () => {
    expect(nextEscalationStep(state([failed(1)]), at(0))).toEqual({ do: 'ask', contactId: 2, round: 1 });
    expect(nextEscalationStep(state([failed(1), sent(2, 0)]), at(15))).toEqual({
      do: 'ask',
      contactId: 2,
      round: 2,
    });
  });

  it('takes a delivery that failed later for a contact who cannot be reached', () => {
    const undelivered = { ...sent(1, 0), isFailed: true };
    expect(nextEscalationStep(state([undelivered]), at(1))).toEqual({ do: 'ask', contactId: 2, round: 1 });
  });

  it('finishes an alert that a crash cut off before it asks anybody else', () => {
    const cut = { ...sent(1, 0), sentAt: null };
    expect(nextEscalationStep(state([cut]), at(60))).toEqual({ do: 'ask', contactId: 1, round: 1 });
  });

  it('tells the person when no contact is left or none can be reached, once, and ends', () => {
    for (const nobody of [state([], { contactIds: [] }), state([failed(1), failed(2)])]) {
      expect(nextEscalationStep(nobody, at(0))).toEqual({ do: 'tellNobody' });
      expect(nextEscalationStep({ ...nobody, isNobodyTold: true }, at(0))).toEqual({
        do: 'end',
        outcome: 'nobody_to_ask',
      });
    }
  });

  it('passes over a contact who refuses after having been asked, and asks the next at once', () => {
    const refused = { ...sent(1, 0), isFailed: true };
    expect(nextEscalationStep(state([refused], { contactIds: [2] }), at(1))).toEqual({
      do: 'ask',
      contactId: 2,
      round: 1,
    });
  });

  it('tells the person whom it reached, before it waits', () => {
    const untold = { ...sent(1, 0), isPersonTold: false };
    expect(nextEscalationStep(state([untold]), at(0))).toEqual({ do: 'tellPerson', contactId: 1 });
  });

  it('stops asking on an acknowledgement, and everything on an all-clear', () => {
    const asked = [sent(1, 0)];
    const step = (over: Partial<EscalationState>) => nextEscalationStep(state(asked, over), at(60));
    expect(step({ acknowledgement: 'untold' })).toEqual({ do: 'tellAcknowledged' });
    expect(step({ acknowledgement: 'told' })).toEqual({ do: 'end', outcome: 'acknowledged' });
    expect(step({ acknowledgement: 'untold', allClear: 'untold' })).toEqual({ do: 'tellAllClear' });
    expect(step({ acknowledgement: 'told', allClear: 'told' })).toEqual({ do: 'end', outcome: 'all_clear' });
  });
});

it('says of everybody who could not be reached why, and never that they missed their check-in', () => {
  const causes = PROBE_REASONS.map((reason) => [reason, alertCauseOf('unavailable', reason)]);
  expect(Object.fromEntries(causes)).toEqual({
    replied: 'no_reply',
    no_reply: 'no_reply',
    undeliverable: 'unreachable',
    invalid_number: 'invalid_number',
    opted_out: 'opted_out',
    cancelled_by_user: 'no_reply',
    superseded: 'no_reply',
  });
  expect(alertCauseOf('bad', 'replied')).toBe('bad');
});

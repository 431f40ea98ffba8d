import { describe, expect, it } from '@jest/globals';
import {
  DRILL_STATUSES,
  nextDrillStep,
  ownerOfPersonText,
  type DrillQuestion,
  type DrillState,
} from './drill.ts';
import { PROBE_STATUSES } from './probe.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute));
const sent = (minute: number): DrillQuestion => ({ sentAt: at(minute), isFailed: false, isAnswered: false });
const onItsWay: DrillQuestion = { sentAt: null, isFailed: false, isAnswered: false };
const failed: DrillQuestion = { sentAt: null, isFailed: true, isAnswered: false };
const answered = (minute: number): DrillQuestion => ({ ...sent(minute), isAnswered: true });
const to = (contactId: number | null, question: DrillQuestion) => ({ contactId, ...question });
const state = (over: Partial<DrillState> = {}): DrillState => ({
  status: 'running',
  person: answered(0),
  contactIds: [1, 2],
  contacts: [],
  isOutcomeTold: false,
  waitMs: 10 * 60_000,
  ...over,
});

describe('nextDrillStep', () => {
  it('asks the person first, and finishes a question that a crash cut off', () => {
    expect(nextDrillStep(state({ person: null }), at(0))).toEqual({ do: 'askPerson' });
    expect(nextDrillStep(state({ person: onItsWay }), at(60))).toEqual({ do: 'askPerson' });
  });

  it('goes on to the contacts on an answer, a number that cannot be reached, or silence over the wait', () => {
    const first = { do: 'askContact', contactId: 1 };
    expect(nextDrillStep(state({ person: sent(0) }), at(9))).toEqual({ do: 'wait', until: +at(10) });
    expect(nextDrillStep(state({ person: sent(0) }), at(10))).toEqual(first);
    expect(nextDrillStep(state({ person: answered(0) }), at(1))).toEqual(first);
    expect(nextDrillStep(state({ person: failed }), at(1))).toEqual(first);
    expect(nextDrillStep(state({ person: { ...sent(0), isFailed: true } }), at(1))).toEqual(first);
    // An answer can come before the provider has told us that it took the question.
    expect(nextDrillStep(state({ person: { ...onItsWay, isAnswered: true } }), at(1))).toEqual(first);
  });

  it('asks each contact once, in order, the next one as soon as the last answered or was silent', () => {
    const step = (contacts: DrillState['contacts'], minute: number) =>
      nextDrillStep(state({ contacts }), at(minute));
    expect(step([to(1, onItsWay)], 60)).toEqual({ do: 'askContact', contactId: 1 });
    expect(step([to(1, sent(1))], 10)).toEqual({ do: 'wait', until: +at(11) });
    expect(step([to(1, sent(1))], 11)).toEqual({ do: 'askContact', contactId: 2 });
    expect(step([to(1, answered(1))], 2)).toEqual({ do: 'askContact', contactId: 2 });
    expect(step([to(1, failed)], 2)).toEqual({ do: 'askContact', contactId: 2 });
    expect(step([to(1, sent(1)), to(2, sent(11))], 20)).toEqual({ do: 'wait', until: +at(21) });
    expect(step([to(1, sent(1)), to(2, sent(11))], 21)).toEqual({ do: 'tellOutcome' });
    expect(step([to(1, answered(1)), to(2, answered(2))], 3)).toEqual({ do: 'tellOutcome' });
  });

  it('follows the contacts as they are now', () => {
    const deleted = [to(null, onItsWay)];
    expect(nextDrillStep(state({ contacts: deleted, contactIds: [2] }), at(1))).toEqual({
      do: 'askContact',
      contactId: 2,
    });
    expect(nextDrillStep(state({ contactIds: [] }), at(1))).toEqual({ do: 'tellOutcome' });
  });

  it('ends once the outcome was told, and at once when it is over', () => {
    const contacts = [to(1, answered(1)), to(2, failed)];
    expect(nextDrillStep(state({ contacts, isOutcomeTold: true }), at(3))).toEqual({ do: 'end' });
    for (const status of ['finished', 'cancelled'] as const) {
      expect(nextDrillStep(state({ status, person: null }), at(0))).toEqual({ do: 'end' });
    }
  });
});

describe('ownerOfPersonText', () => {
  const meanings = ['good', 'bad', 'unclear'] as const;
  const probes = [
    null,
    ...PROBE_STATUSES.flatMap((status) => [true, false].map((isAllClear) => ({ status, isAllClear }))),
  ];
  const drills = [
    null,
    ...DRILL_STATUSES.flatMap((status) =>
      [true, false].flatMap((isAnswered) =>
        [true, false].map((isLatest) => ({ status, isAnswered, isLatest })),
      ),
    ),
  ];
  const everything = probes.flatMap((probe) =>
    drills.flatMap((drill) => meanings.map((meaning) => ({ probe, drill, meaning }))),
  );

  it('gives every text to a real check that is pending', () => {
    const pending = everything.filter(({ probe }) => probe?.status === 'pending');
    expect(pending).toHaveLength(2 * 13 * 3);
    for (const claims of pending) expect(ownerOfPersonText(claims)).toBe('probe');
  });

  it('gives every other text to a running drill, and none to one that is cancelled or was not', () => {
    for (const claims of everything.filter(({ probe }) => probe?.status !== 'pending')) {
      const status = claims.drill?.status;
      if (status === 'running') expect(ownerOfPersonText(claims)).toBe('drill');
      if (status === 'cancelled' || status === undefined) expect(ownerOfPersonText(claims)).toBe('probe');
    }
  });

  it('takes a late answer once, but neither after a later check nor the all-clear of a real alarm', () => {
    for (const claims of everything) {
      const { probe, drill, meaning } = claims;
      if (drill?.status !== 'finished' || probe?.status === 'pending') continue;
      const isAlarm = probe?.status === 'bad' || probe?.status === 'unavailable';
      const isAllClear = isAlarm && !probe.isAllClear && meaning === 'good';
      expect(ownerOfPersonText(claims)).toBe(
        drill.isAnswered || !drill.isLatest || isAllClear ? 'probe' : 'drill',
      );
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  effectOfReply,
  endOfFailedQuestion,
  isAlarm,
  nextStep,
  onSilence,
  PROBE_STATUSES,
  reasonOfSilence,
  type OpenProbe,
  type Watch,
} from './probe.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute));
const nothing: Watch = { openProbe: null, nextTickAt: null, nextOneOff: null };
const open = (over: Partial<OpenProbe> = {}): OpenProbe => ({
  id: 7,
  retryCount: 0,
  maxRetries: 3,
  lateRetries: 0,
  waitMs: 5 * 60_000,
  lastAskedAt: at(0),
  ...over,
});

describe('nextStep', () => {
  it('rests when nothing is to be watched', () => {
    expect(nextStep(nothing, at(0))).toEqual({ do: 'rest' });
  });

  it('asks at the tick, also when the tick is overdue', () => {
    const watch = { ...nothing, nextTickAt: at(0) };
    expect(nextStep(watch, at(30))).toEqual({ do: 'ask', at: +at(0), tick: { kind: 'scheduled' } });
  });

  it('asks whichever of tick and one-off check comes first', () => {
    const watch = { ...nothing, nextTickAt: at(10), nextOneOff: { id: 3, dueAt: at(9) } };
    expect(nextStep(watch, at(0))).toEqual({ do: 'ask', at: +at(9), tick: { kind: 'one_off', checkId: 3 } });
    expect(nextStep({ ...watch, nextTickAt: at(8) }, at(0))).toMatchObject({
      at: +at(8),
      tick: { kind: 'scheduled' },
    });
  });

  it('skips ticks while a probe is pending', () => {
    const watch = { ...nothing, openProbe: open(), nextTickAt: at(1) };
    expect(nextStep(watch, at(2))).toEqual({ do: 'followUp', at: +at(5), probeId: 7, number: 1 });
  });

  it('hands over the check-in first when a crash came between the record and the sending', () => {
    const watch = { ...nothing, openProbe: open({ lastAskedAt: null }) };
    expect(nextStep(watch, at(2))).toEqual({ do: 'checkIn', at: +at(2), probeId: 7 });
  });

  it('follows up to the limit and then gives up, one wait after the last question', () => {
    const steps = [0, 1, 2, 3].map(
      (retryCount) => nextStep({ ...nothing, openProbe: open({ retryCount }) }, at(0)).do,
    );
    expect(steps).toEqual(['followUp', 'followUp', 'followUp', 'giveUp']);
    expect(nextStep({ ...nothing, openProbe: open({ maxRetries: 0 }) }, at(0))).toEqual({
      do: 'giveUp',
      at: +at(5),
      probeId: 7,
    });
  });

  it('lets a one-off check take the place of an open probe whose next step is later', () => {
    const watch = { ...nothing, openProbe: open(), nextOneOff: { id: 3, dueAt: at(4) } };
    expect(nextStep(watch, at(0))).toMatchObject({ do: 'ask', tick: { kind: 'one_off', checkId: 3 } });
    expect(nextStep({ ...watch, nextOneOff: { id: 3, dueAt: at(5) } }, at(0))).toMatchObject({
      do: 'followUp',
    });
  });
});

describe('onSilence', () => {
  const silent = (over: Partial<OpenProbe> = {}) => open({ retryCount: 3, ...over });
  const lateAfterMs = 60_000;

  it('raises the alarm at the deadline', () => {
    expect(onSilence(silent(), at(5), lateAfterMs)).toBe('alarm');
    expect(onSilence(silent(), at(6), lateAfterMs)).toBe('alarm');
  });

  it('asks once more, and only once, when the deadline passed unnoticed', () => {
    const noticed = new Date(+at(6) + 1);
    expect(onSilence(silent(), noticed, lateAfterMs)).toBe('askOnceMore');
    expect(nextStep({ ...nothing, openProbe: silent({ lateRetries: 1 }) }, noticed)).toMatchObject({
      do: 'followUp',
      number: 4,
    });
    expect(onSilence(silent({ retryCount: 4, lateRetries: 1 }), at(30), lateAfterMs)).toBe('alarm');
  });

  it('waits while the deadline is not reached, or a question is still to be asked', () => {
    expect(onSilence(silent(), at(4), lateAfterMs)).toBe('wait');
    expect(onSilence(silent({ retryCount: 2 }), at(30), lateAfterMs)).toBe('wait');
    expect(onSilence(silent({ lastAskedAt: null }), at(30), lateAfterMs)).toBe('wait');
  });
});

describe('effectOfReply', () => {
  it('decides a pending probe by a clear reply only', () => {
    const pending = { status: 'pending', isAllClear: false } as const;
    expect(effectOfReply(pending, 'good')).toEqual({ do: 'settle', status: 'good' });
    expect(effectOfReply(pending, 'bad')).toEqual({ do: 'settle', status: 'bad' });
    expect(effectOfReply(pending, 'unclear')).toEqual({ do: 'keep' });
  });

  it('takes a late yes after an alarm for an all-clear, once', () => {
    for (const status of PROBE_STATUSES.filter((each) => each !== 'pending')) {
      const expected = isAlarm(status) ? 'allClear' : 'ignore';
      expect(effectOfReply({ status, isAllClear: false }, 'good')).toEqual({ do: expected });
      expect(effectOfReply({ status, isAllClear: true }, 'good')).toEqual({ do: 'ignore' });
      expect(effectOfReply({ status, isAllClear: false }, 'bad')).toEqual({ do: 'ignore' });
      expect(effectOfReply({ status, isAllClear: false }, 'unclear')).toEqual({ do: 'ignore' });
    }
  });

  it('ignores a text when nothing was ever asked', () => {
    expect(effectOfReply(null, 'bad')).toEqual({ do: 'ignore' });
  });
});

describe('a question that failed', () => {
  it.each([
    ['opted_out', 'opted_out'],
    ['broken', 'invalid_number'],
    ['unreachable', null],
    ['retry', null],
    ['operator', null],
  ] as const)('for a phone that is %s ends the probe as %p', (errorClass, end) => {
    expect(endOfFailedQuestion(errorClass)).toBe(end);
  });

  it('is silence only when another one may have arrived', () => {
    for (const failed of ['undelivered', 'failed', 'canceled'] as const) {
      expect(reasonOfSilence([failed, 'undelivered'])).toBe('undeliverable');
      for (const other of ['accepted', 'sent', 'delivered'] as const)
        expect(reasonOfSilence([failed, other])).toBe('no_reply');
    }
  });
});

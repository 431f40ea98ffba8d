import { expect, it } from '@jest/globals';
import { delaysIn, type Backlog, type Delay } from './backlog.ts';

const NOTHING: Backlog = {
  messages: {},
  unsentMs: {},
  overdueCycles: { count: 0, oldestMs: 0 },
  owedSignals: { count: 0, oldestMs: 0 },
  unhandledTexts: { count: 0, oldestMs: 0 },
  openEscalations: 0,
  readBackMs: null,
};
const MINUTE = 60_000;
const one = (oldestMs: number) => ({ count: 1, oldestMs });

it.each<[Delay, number, (ageMs: number) => Partial<Backlog>]>([
  ['cycles', 2 * MINUTE, (ageMs) => ({ overdueCycles: one(ageMs) })],
  ['alarms', MINUTE, (ageMs) => ({ unsentMs: { escalation: ageMs } })],
  ['signals', 2 * MINUTE, (ageMs) => ({ owedSignals: one(ageMs) })],
  ['inbound', 2 * MINUTE, (ageMs) => ({ unhandledTexts: one(ageMs) })],
])('%s are late after %i ms', (delay, toleranceMs, backlogOf) => {
  expect(delaysIn({ ...NOTHING, ...backlogOf(toleranceMs) })).toEqual([]);
  expect(delaysIn({ ...NOTHING, ...backlogOf(toleranceMs + 1) })).toEqual([delay]);
});

it('what is busy but in time is not late', () => {
  const busy: Backlog = {
    ...NOTHING,
    messages: { queued: 5_000, delivered: 20_000 },
    unsentMs: { follow_up: 60 * MINUTE, routine: 60 * MINUTE },
    overdueCycles: { count: 700, oldestMs: 90_000 },
    openEscalations: 3,
    readBackMs: 60 * MINUTE,
  };
  expect(delaysIn(busy)).toEqual([]);
});

it('names everything that is late', () => {
  const hour = one(60 * MINUTE);
  const late = { overdueCycles: hour, owedSignals: hour, unhandledTexts: hour };
  expect(delaysIn({ ...NOTHING, ...late, unsentMs: { escalation: 60 * MINUTE } })).toEqual([
    'cycles',
    'alarms',
    'signals',
    'inbound',
  ]);
});

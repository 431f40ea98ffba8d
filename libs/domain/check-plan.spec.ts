import { describe, expect, it } from '@jest/globals';
import {
  checksFrom,
  nextCheck,
  outsideQuietHours,
  pauseFault,
  TIME_OF_DAY,
  type CheckPlan,
} from './check-plan.ts';

const TORONTO = 'America/Toronto';
const NIGHT = { from: '22:00', to: '07:00' };

const planOf = (plan: Partial<CheckPlan> = {}): CheckPlan => ({
  cronExpression: '0 18 * * *',
  timeZone: 'UTC',
  quietHours: null,
  pausedUntil: null,
  ...plan,
});
const at = (text: string) => new Date(text);
/** The next checks after a moment, in UTC, without seconds. */
const checks = (plan: Partial<CheckPlan>, after: string, count = 3): string[] => {
  const whole = planOf(plan);
  const found = checksFrom(whole, nextCheck(whole, at(after)), count);
  return found.map((each) => each.toISOString().replace(':00.000Z', ''));
};

describe('the next checks', () => {
  it('are the ticks when nothing holds them back', () => {
    expect(checks({}, '2026-11-21T18:00:00Z')).toEqual([
      '2026-11-22T18:00',
      '2026-11-23T18:00',
      '2026-11-24T18:00',
    ]);
  });

  it("follow the person's own wall clock", () => {
    expect(checks({ timeZone: 'Asia/Tokyo' }, '2026-11-21T12:00:00Z', 1)).toEqual(['2026-11-22T09:00']);
    expect(checks({ timeZone: TORONTO }, '2026-11-21T12:00:00Z', 1)).toEqual(['2026-11-21T23:00']);
  });

  it.each<[string, Partial<CheckPlan>, string, string[]]>([
    [
      'a daily tick in the night comes every morning',
      { cronExpression: '30 23 * * *', quietHours: NIGHT },
      '2026-11-21T12:00:00Z',
      ['2026-11-22T07:00', '2026-11-23T07:00', '2026-11-24T07:00'],
    ],
    [
      'the ticks of one night are one check',
      { cronExpression: '0 */3 * * *', quietHours: NIGHT },
      '2026-11-21T19:00:00Z',
      ['2026-11-21T21:00', '2026-11-22T07:00', '2026-11-22T09:00'],
    ],
    [
      'a tick at the end of the night is the same check as those of the night',
      { cronExpression: '0 2,7 * * *', quietHours: NIGHT },
      '2026-11-21T12:00:00Z',
      ['2026-11-22T07:00', '2026-11-23T07:00', '2026-11-24T07:00'],
    ],
    [
      'the beginning belongs to the quiet hours, the end does not',
      { cronExpression: '0 13,15 * * *', quietHours: { from: '13:00', to: '15:00' } },
      '2026-11-21T12:00:00Z',
      ['2026-11-21T15:00', '2026-11-22T15:00', '2026-11-23T15:00'],
    ],
    [
      'within one day',
      { cronExpression: '30 14 * * *', quietHours: { from: '13:00', to: '15:00' } },
      '2026-11-21T14:00:00Z',
      ['2026-11-21T15:00', '2026-11-22T15:00', '2026-11-23T15:00'],
    ],
    [
      'around midnight, to the next day',
      { cronExpression: '59 23 * * 6', quietHours: { from: '23:59', to: '00:00' } },
      '2026-11-21T12:00:00Z',
      ['2026-11-22T00:00', '2026-11-29T00:00', '2026-12-06T00:00'],
    ],
    [
      'nearly the whole day',
      { cronExpression: '*/30 * * * *', quietHours: { from: '12:01', to: '12:00' } },
      '2026-11-21T12:00:00Z',
      ['2026-11-22T12:00', '2026-11-23T12:00', '2026-11-24T12:00'],
    ],
    [
      'planned in the night, what the night has held back is kept',
      { cronExpression: '30 23 * * *', quietHours: NIGHT },
      '2026-11-22T03:00:00Z',
      ['2026-11-22T07:00', '2026-11-23T07:00', '2026-11-24T07:00'],
    ],
    [
      'planned at the very end of the night, it was kept before',
      { cronExpression: '30 23 * * *', quietHours: NIGHT },
      '2026-11-22T07:00:00Z',
      ['2026-11-23T07:00', '2026-11-24T07:00', '2026-11-25T07:00'],
    ],
  ])('in quiet hours: %s', (_, plan, after, expected) => expect(checks(plan, after)).toEqual(expected));

  it.each<[string, Partial<CheckPlan>, string, string[]]>([
    [
      'the first tick at its end counts',
      { pausedUntil: at('2026-11-24T18:00:00Z') },
      '2026-11-21T12:00:00Z',
      ['2026-11-24T18:00', '2026-11-25T18:00', '2026-11-26T18:00'],
    ],
    [
      'none before it does',
      { pausedUntil: at('2026-11-24T18:00:01Z') },
      '2026-11-21T12:00:00Z',
      ['2026-11-25T18:00', '2026-11-26T18:00', '2026-11-27T18:00'],
    ],
    [
      'one that has passed changes nothing',
      { pausedUntil: at('2026-11-20T18:00:00Z') },
      '2026-11-21T12:00:00Z',
      ['2026-11-21T18:00', '2026-11-22T18:00', '2026-11-23T18:00'],
    ],
    [
      'one that ends in the night lets the rest of that night count',
      { cronExpression: '0 4 * * *', quietHours: NIGHT, pausedUntil: at('2026-11-24T03:00:00Z') },
      '2026-11-21T12:00:00Z',
      ['2026-11-24T07:00', '2026-11-25T07:00', '2026-11-26T07:00'],
    ],
    [
      'one that ends in the night lets nothing before it count',
      { cronExpression: '0 2 * * *', quietHours: NIGHT, pausedUntil: at('2026-11-24T03:00:00Z') },
      '2026-11-21T12:00:00Z',
      ['2026-11-25T07:00', '2026-11-26T07:00', '2026-11-27T07:00'],
    ],
    [
      'nor when it is planned anew between its end and the morning',
      { cronExpression: '0 2 * * *', quietHours: NIGHT, pausedUntil: at('2026-11-24T03:00:00Z') },
      '2026-11-24T04:00:00Z',
      ['2026-11-25T07:00', '2026-11-26T07:00', '2026-11-27T07:00'],
    ],
  ])('after a pause: %s', (_, plan, after, expected) => expect(checks(plan, after)).toEqual(expected));

  // Toronto: 2026-03-08 at 02:00 goes on at 03:00 (07:00Z); 2026-11-01 at 02:00 goes back to 01:00 (06:00Z).
  it.each<[string, Partial<CheckPlan>, string, string[]]>([
    [
      'a tick that spring skips comes right after the gap',
      { cronExpression: '30 2 * * *' },
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:30'],
    ],
    [
      'a tick that autumn repeats comes once',
      { cronExpression: '30 1 * * *' },
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:30', '2026-11-02T06:30'],
    ],
    [
      'a night that spring shortens ends at its time',
      { cronExpression: '0 23 * * *', quietHours: NIGHT },
      '2026-03-07T12:00:00Z',
      ['2026-03-08T11:00', '2026-03-09T11:00'],
    ],
    [
      'a night that autumn lengthens ends at its time',
      { cronExpression: '0 23 * * *', quietHours: NIGHT },
      '2026-10-31T12:00:00Z',
      ['2026-11-01T12:00', '2026-11-02T12:00'],
    ],
    [
      'an end that spring skips comes right after the gap',
      { cronExpression: '0 1 * * *', quietHours: { from: '22:00', to: '02:30' } },
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:30'],
    ],
    [
      'quiet hours that spring skips hold nothing back',
      { cronExpression: '30 2 * * *', quietHours: { from: '02:15', to: '02:45' } },
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:45'],
    ],
    [
      'the only hour awake that spring skips makes the night a day longer',
      { cronExpression: '0 12 * * *', quietHours: { from: '02:45', to: '02:15' } },
      '2026-03-07T12:00:00Z',
      ['2026-03-09T06:15', '2026-03-10T06:15'],
    ],
    [
      'an end that autumn repeats comes the first time, and is not quiet again the second',
      { cronExpression: '*/20 * * * *', quietHours: { from: '22:00', to: '01:30' } },
      '2026-11-01T02:00:00Z',
      ['2026-11-01T05:30', '2026-11-01T05:40', '2026-11-01T06:00', '2026-11-01T06:20'],
    ],
    [
      'a beginning that autumn repeats lasts through the second time',
      { cronExpression: '*/20 * * * *', quietHours: { from: '01:30', to: '02:10' } },
      '2026-11-01T05:00:00Z',
      ['2026-11-01T05:20', '2026-11-01T07:10', '2026-11-01T07:20'],
    ],
  ])('when clocks change: %s', (_, plan, after, expected) => {
    expect(checks({ timeZone: TORONTO, ...plan }, after, expected.length)).toEqual(expected);
  });

  it('are the same whenever they are planned', () => {
    const plan = planOf({
      cronExpression: '50 */2 * * *',
      timeZone: TORONTO,
      quietHours: { from: '23:15', to: '01:40' },
      pausedUntil: at('2026-10-31T09:10:00Z'),
    });
    const all = checksFrom(plan, nextCheck(plan, at('2026-10-30T00:00:00Z')), 40);
    for (let after = at('2026-10-31T00:00:00Z'); after < all.at(-1)!; after = new Date(+after + 7 * 60_000)) {
      expect(nextCheck(plan, after)).toEqual(all.find((each) => each > after));
    }
  });

  it('throws for an expression that never ticks', () => {
    expect(() => nextCheck(planOf({ cronExpression: '0 0 30 2 *' }), new Date())).toThrow(RangeError);
  });
});

describe('a check that is noticed late', () => {
  const plan = planOf({ timeZone: TORONTO, quietHours: NIGHT });
  it.each([
    ['2026-11-22T02:59:59Z', '2026-11-22T02:59:59.000Z'],
    ['2026-11-22T03:00:00Z', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T11:59:59Z', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00.000Z'],
  ])('at %s is asked at %s', (noticed, asked) =>
    expect(outsideQuietHours(plan, at(noticed)).toISOString()).toBe(asked),
  );

  it('is asked at once without quiet hours', () => {
    expect(outsideQuietHours(planOf(), at('2026-11-22T03:00:00Z'))).toEqual(at('2026-11-22T03:00:00Z'));
  });
});

describe('a pause', () => {
  const now = at('2026-11-21T12:00:00Z');
  it.each([
    ['2026-11-21T12:00:00.001Z', null],
    ['2027-11-21T12:00:00Z', null],
    ['2026-11-21T12:00:00Z', 'until must lie in the future'],
    ['2020-01-01T00:00:00Z', 'until must lie in the future'],
    ['2027-11-21T12:00:00.001Z', 'until must lie at most one year ahead'],
    ['9999-12-31T23:59:59Z', 'until must lie at most one year ahead'],
  ])('until %s: %s', (until, fault) => expect(pauseFault(at(until), now)).toBe(fault));
});

it('knows times of day', () => {
  for (const time of ['00:00', '07:05', '23:59']) expect(TIME_OF_DAY.test(time)).toBe(true);
  for (const time of ['24:00', '7:00', '07:60', '07:00:00', ' 07:00', '07:00\n', ''])
    expect(TIME_OF_DAY.test(time)).toBe(false);
});

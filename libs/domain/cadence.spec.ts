import { describe, expect, it } from '@jest/globals';
import { isKnownTimeZone, isValidCron, nextTick } from './cadence.ts';

const ticks = (cron: string, zone: string, after: string, count: number) => {
  const found: string[] = [];
  let at = new Date(after);
  for (let i = 0; i < count; i++) found.push((at = nextTick(cron, zone, at)).toISOString());
  return found;
};

describe('isValidCron', () => {
  it.each([
    '0 18 * * 3',
    '0 18 * * */1',
    '* * * * *',
    '*/15 8-17 * * MON-FRI',
    '0 0 29 2 *',
    ' 5 4 1,15 * 7 ',
  ])('accepts %s', (cron) => expect(isValidCron(cron)).toBe(true));
  it.each([
    '',
    '99 * * * *',
    '* * * * * *',
    '@daily',
    '@every 1s',
    '0 18 * *',
    '0 18 * * 8',
    '*/0 * * * *',
    '60-5 * * * *',
    'a b c d e',
    '0 0 L * *',
    '0 0 15W * *',
    '0 18 ? * *',
    '0 0 30 2 *',
    `${'1,'.repeat(60)}1 * * * *`,
  ])('refuses %p', (cron) => expect(isValidCron(cron)).toBe(false));
});

describe('nextTick', () => {
  it('reads the expression on the wall clock of the zone', () => {
    expect(ticks('0 18 * * 3', 'America/Toronto', '2026-11-21T00:00:00Z', 2)).toEqual([
      '2026-11-25T23:00:00.000Z',
      '2026-12-02T23:00:00.000Z',
    ]);
  });

  it('never answers with the instant it was asked about', () => {
    expect(ticks('* * * * *', 'UTC', '2026-11-21T10:00:00Z', 1)).toEqual(['2026-11-21T10:01:00.000Z']);
  });

  it('runs a time that spring skips once, right after the gap', () => {
    expect(ticks('30 2 * * *', 'America/Toronto', '2026-03-07T12:00:00Z', 2)).toEqual([
      '2026-03-08T07:00:00.000Z',
      '2026-03-09T06:30:00.000Z',
    ]);
    expect(ticks('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-03T15:30:00.000Z',
      '2026-10-04T15:15:00.000Z',
    ]);
  });

  it('runs two times that fall on the end of the gap once', () => {
    expect(ticks('0 2,3 * * *', 'America/Toronto', '2026-03-07T12:00:00Z', 2)).toEqual([
      '2026-03-08T07:00:00.000Z',
      '2026-03-09T06:00:00.000Z',
    ]);
  });

  it('runs a time that autumn repeats once', () => {
    expect(ticks('30 1 * * *', 'America/Toronto', '2026-10-31T12:00:00Z', 2)).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-02T06:30:00.000Z',
    ]);
  });

  it.each(['15,45 1 * * *', '15-45/30 1 * * *', '15,45 1-1 * * *'])(
    'runs each time of %s once in autumn',
    (cron) => {
      expect(ticks(cron, 'America/Toronto', '2026-10-31T12:00:00Z', 3)).toEqual([
        '2026-11-01T05:15:00.000Z',
        '2026-11-01T05:45:00.000Z',
        '2026-11-02T06:15:00.000Z',
      ]);
    },
  );

  it('runs once in autumn where the clock is set back by half an hour', () => {
    expect(ticks('35,45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00:00Z', 3)).toEqual([
      '2026-04-04T14:35:00.000Z',
      '2026-04-04T14:45:00.000Z',
      '2026-04-05T15:05:00.000Z',
    ]);
  });

  it('goes on every hour through the repeated one', () => {
    expect(ticks('30 * * * *', 'America/Toronto', '2026-11-01T05:00:00Z', 3)).toEqual([
      '2026-11-01T05:30:00.000Z',
      '2026-11-01T06:30:00.000Z',
      '2026-11-01T07:30:00.000Z',
    ]);
  });

  it('throws for an expression that never ticks', () => {
    expect(() => nextTick('0 0 30 2 *', 'UTC', new Date())).toThrow(RangeError);
  });
});

it('knows time zones', () => {
  expect(isKnownTimeZone('America/Toronto')).toBe(true);
  expect(isKnownTimeZone('America/Atlantis')).toBe(false);
  expect(isKnownTimeZone('+05:00')).toBe(false);
});

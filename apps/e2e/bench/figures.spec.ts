import { describe, expect, it } from '@jest/globals';
import { formatNumber, isMet, mostWithin, spreadOf } from './figures.ts';

describe('a spread', () => {
  it('is by the nearest rank, whatever the order', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(spreadOf(values)).toEqual({ count: 200, min: 1, p50: 100, p99: 198, max: 200 });
  });

  it('of one value is that value', () => {
    expect(spreadOf([7])).toEqual({ count: 1, min: 7, p50: 7, p99: 7, max: 7 });
  });

  it('of nothing is zero', () => {
    expect(spreadOf([])).toEqual({ count: 0, min: 0, p50: 0, p99: 0, max: 0 });
  });
});

it('the most within a span is found wherever the span begins', () => {
  expect(mostWithin([2_500, 0, 900, 1_000, 1_800, 1_899], 1_000)).toBe(4);
  expect(mostWithin([0, 1_000], 1_000)).toBe(1);
  expect(mostWithin([], 1_000)).toBe(0);
});

describe('a target', () => {
  const figure = { name: 'some', unit: '/s' };

  it('is met at its bound and missed beyond it', () => {
    expect(isMet({ ...figure, value: 100, target: { atLeast: 100 } })).toBe(true);
    expect(isMet({ ...figure, value: 99.9, target: { atLeast: 100 } })).toBe(false);
    expect(isMet({ ...figure, value: 100, target: { atMost: 100 } })).toBe(true);
    expect(isMet({ ...figure, value: 100.1, target: { atMost: 100 } })).toBe(false);
    expect(isMet({ ...figure, value: 1 })).toBeUndefined();
  });
});

it('shows the digits that matter', () => {
  expect([1234.5, 100.4, 17, 17.25, 1.234, 0].map(formatNumber)).toEqual([
    '1,235',
    '100',
    '17',
    '17.3',
    '1.23',
    '0',
  ]);
});

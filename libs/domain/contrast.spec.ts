import { describe, expect, it } from '@jest/globals';
import { contrastRatio, textColorOn } from './contrast.ts';

const STEPS = Array.from({ length: 16 }, (_, step) => (step * 17).toString(16).padStart(2, '0'));
const COLORS = STEPS.flatMap((red) =>
  STEPS.flatMap((green) => STEPS.map((blue) => `#${red}${green}${blue}`)),
);

describe('contrast', () => {
  it.each([
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#767676', '#ffffff', 4.54],
    ['#ff0000', '#ffffff', 4],
  ])('of %s and %s is %d to 1, in either order', (one, other, ratio) => {
    expect(contrastRatio(one, other)).toBeCloseTo(ratio, 1);
    expect(contrastRatio(other, one)).toBe(contrastRatio(one, other));
  });

  it('is enough to read on every colour there is', () => {
    const poor = COLORS.filter((color) => contrastRatio(color, textColorOn(color)) < 4.5);
    expect(poor).toEqual([]);
  });

  it.each([
    ['#ffffff', '#000000'],
    ['#000000', '#ffffff'],
    ['#ffd400', '#000000'],
    ['#1f5fbf', '#ffffff'],
  ])('on %s is best with %s', (background, text) => expect(textColorOn(background)).toBe(text));
});

import { describe, expect, it } from '@jest/globals';
import { inReferenceOrder, qualified, type Reference } from './catalogue.ts';

const order = (names: string, references: Record<string, string>): string =>
  inReferenceOrder(
    [...names].map((name) => ({ name, columns: [] })),
    Object.entries(references).flatMap(([from, all]): Reference[] => [...all].map((to) => ({ from, to }))),
  )
    .map(({ name }) => name)
    .join('');

describe('the order of tables', () => {
  it.each([
    ['abc', {}, 'abc'],
    ['abc', { a: 'c' }, 'bca'],
    ['abc', { a: 'b', b: 'c' }, 'cba'],
    ['abc', { a: 'a', b: 'b' }, 'abc'],
    ['abcd', { a: 'cd', b: 'a', c: 'd' }, 'dcab'],
    // A circle, and what hangs on it.
    ['abcd', { a: 'b', b: 'a', c: 'b' }, 'dabc'],
    ['ab', { a: 'z' }, 'ab'],
  ])('of %s with %j is %j', (names, references, expected) => {
    expect(order(names, references as Record<string, string>)).toBe(expected);
  });
});

it('quotes names', () => {
  expect(qualified('order')).toBe('public."order"');
  expect(qualified('a"b')).toBe('public."a""b"');
});

import { expect, test } from '@jest/globals';
import { countSegments } from './segments.ts';

test.each([
  ['nothing', '', 1],
  ['160 letters', 'a'.repeat(160), 1],
  ['161 letters', 'a'.repeat(161), 2],
  ['306 letters', 'a'.repeat(306), 2],
  ['307 letters', 'a'.repeat(307), 3],
  ['80 signs that count two', '€'.repeat(80), 1],
  ['81 signs that count two, 76 a segment because none is split', '€'.repeat(153), 3],
  ['German letters, which are GSM-7', 'ä'.repeat(160), 1],
  ['70 Cyrillic letters', 'ж'.repeat(70), 1],
  ['71 Cyrillic letters', 'ж'.repeat(71), 2],
  ['a no-break space among 71 letters', `${'a'.repeat(70)}\u00a0`, 2],
  ['35 emoji', '😀'.repeat(35), 1],
  ['67 emoji, 33 a segment because none is split', '😀'.repeat(67), 3],
  ['a backtick, which is not GSM-7, among 71 letters', `${'a'.repeat(70)}\``, 2],
])('%s', (_name, text, segments) => {
  expect(countSegments(text)).toBe(segments);
});

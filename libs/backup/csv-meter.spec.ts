import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { isSame, measure } from './csv-meter.ts';

const inPieces = async function* (text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
};

describe('the measure of a CSV', () => {
  it.each([
    ['nothing', '', 0],
    ['a header', 'id\n', 0],
    ['rows', 'id\n1\n2\n', 2],
    ['a row of nothing', 'text\n\n', 1],
    ['newlines in a value', 'text\n"a\nb\n"\nc\n', 2],
    ['quotes in a value', 'text\n"a ""\n"" b"\n""""\n""\n', 3],
  ])('counts %s', async (_what, csv, rows) => {
    const sha256 = createHash('sha256').update(csv).digest('hex');
    for (const size of [1, 2, 3, 1000]) {
      expect(await measure(inPieces(csv, size))).toEqual({ rows, bytes: csv.length, sha256 });
    }
  });

  it('is another when anything is', () => {
    const one = { rows: 1, bytes: 2, sha256: 'a' };
    expect(isSame(one, { ...one })).toBe(true);
    expect(isSame(one, { ...one, rows: 2 })).toBe(false);
    expect(isSame(one, { ...one, bytes: 3 })).toBe(false);
    expect(isSame(one, { ...one, sha256: 'b' })).toBe(false);
  });
});

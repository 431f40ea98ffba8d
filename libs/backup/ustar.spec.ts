import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { claimsOf, END_OF_TAR, paddingOf, ustarHeader } from './ustar.ts';

const NOW = new Date('2026-11-25T22:20:01.999Z');
const hasTar = spawnSync('tar', ['--version']).status === 0;
if (!hasTar) console.warn('SKIPPED: what tar makes of headers, for want of tar');

/** What tar lists of a file whose content does not matter. */
const listed = (header: Buffer): string =>
  spawnSync('tar', ['-tv', '--full-time', '--utc', '-f', '-'], { input: Buffer.concat([header, END_OF_TAR]) })
    .stdout.toString()
    .split('\n')[0]!
    .replaceAll(/\s+/g, ' ');

describe('the header of a file', () => {
  const long = `${'d'.repeat(63)}/${'t'.repeat(63)}.csv`;
  const GIB = 1024 ** 3;
  it.each([
    ['manifest.json', 0],
    ['kronus/users.csv', 12_345],
    [long, 8 * GIB - 1],
    ['kronus/messages.csv', 8 * GIB],
    ['kronus/messages.csv', 5_000_000 * GIB],
  ])('of %s with %d bytes is what tar takes it for', (file, bytes) => {
    const header = ustarHeader(file, bytes, NOW);
    expect(header).toHaveLength(512);
    if (hasTar) expect(listed(header)).toBe(`-rw------- 0/0 ${bytes} 2026-11-25 22:20:01 ${file}`);
  });

  it('claims what it was made of', () => {
    const { bytes, modifiedAt } = claimsOf(ustarHeader('manifest.json', 4711, NOW));
    expect(bytes).toBe(4711);
    expect(modifiedAt).toEqual(new Date('2026-11-25T22:20:01.000Z'));
    expect(claimsOf(Buffer.alloc(512, 'x')).bytes).toBeNaN();
  });
});

it('fills a file up to whole blocks', () => {
  expect([0, 1, 511, 512, 513].map(paddingOf)).toEqual([0, 511, 1, 0, 511]);
});

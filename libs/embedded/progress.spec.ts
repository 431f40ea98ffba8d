import { describe, expect, it, jest } from '@jest/globals';
import { formatDuration, Progress } from './progress.ts';

const output = (isTTY: boolean) => {
  const written: string[] = [];
  return { isTTY, columns: 40, written, write: (text: string) => written.push(text) };
};

describe('formatDuration', () => {
  it('has tenths below ten seconds and minutes above one', () => {
    expect([300, 9_940, 9_960, 42_400, 59_600, 312_000].map(formatDuration)).toEqual([
      '0.3 s',
      '9.9 s',
      '10 s',
      '42 s',
      '1 min 0 s',
      '5 min 12 s',
    ]);
  });
});

describe('Progress', () => {
  it('prints one line for a step and keeps its time', async () => {
    const out = output(false);
    const progress = new Progress(out);
    expect(await progress.step('PostgreSQL', () => 42)).toBe(42);
    expect(out.written).toEqual(['✓ PostgreSQL 0.0 s\n']);
    expect(progress.times).toEqual([{ name: 'PostgreSQL', ms: expect.any(Number) }]);
  });

  it('prints the reason of a failure, throws it on and counts no time', async () => {
    const out = output(false);
    const progress = new Progress(out);
    const work = (): never => {
      throw new Error('port taken');
    };
    await expect(progress.step('PostgreSQL', work)).rejects.toThrow('port taken');
    expect(out.written).toEqual(['✗ PostgreSQL: port taken\n']);
    expect(progress.times).toEqual([]);
  });

  describe('while work runs', () => {
    const runFor = async (out: ReturnType<typeof output>, ms: number): Promise<void> => {
      jest.useFakeTimers();
      try {
        const work = Promise.withResolvers<void>();
        const step = new Progress(out).step('Temporal', (say) => {
          say('compiling');
          return work.promise;
        });
        jest.advanceTimersByTime(ms);
        work.resolve();
        await step;
      } finally {
        jest.useRealTimers();
      }
    };

    it('prints a plain line every 10 s without a terminal', async () => {
      const out = output(false);
      await runFor(out, 25_000);
      expect(out.written).toEqual([
        '… Temporal 10 s: compiling\n',
        '… Temporal 20 s: compiling\n',
        '✓ Temporal 25 s\n',
      ]);
    });

    it('rewrites one line on a terminal, never wider than it', async () => {
      const out = output(true);
      await runFor(out, 1_000);
      const lines = out.written.slice(0, -1);
      expect(lines).toHaveLength(10);
      expect(
        lines.every((line) => line.startsWith('\r') && !line.includes('\n') && line.length <= 40 + 4),
      ).toBe(true);
    });
  });
});

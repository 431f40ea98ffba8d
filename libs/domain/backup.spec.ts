import { describe, expect, it } from '@jest/globals';
import { backupName, backupsAmong, begunAtOf, expiredBackups } from './backup.ts';

const now = new Date('2026-11-25T12:00:00Z');
const DAY_MS = 24 * 60 * 60_000;
const daysAgo = (days: number) => backupName(new Date(now.getTime() - days * DAY_MS));

describe('the name of a backup', () => {
  it('tells in UTC when it was begun', () => {
    expect(backupName(new Date('2026-03-09T05:07:01.999Z'))).toBe(
      'kronus_dump_2026-03-09-05_07_01.tar.zst.gpg',
    );
    expect(begunAtOf('kronus_dump_2026-03-09-05_07_01.tar.zst.gpg')).toEqual(
      new Date('2026-03-09T05:07:01Z'),
    );
  });

  it.each([
    '',
    'kronus_dump_2026-03-09-05_07_01.tar.zst',
    'kronus_dump_2026-02-31-05_07_01.tar.zst.gpg',
    'kronus_dump_2026-13-01-05_07_01.tar.zst.gpg',
    'kronus_dump_2026-03-09-25_07_01.tar.zst.gpg',
    'xkronus_dump_2026-03-09-05_07_01.tar.zst.gpg',
    'kronus_dump_2026-03-09-05_07_01.tar.zst.gpg.part',
    '../kronus_dump_2026-03-09-05_07_01.tar.zst.gpg',
    'db_user_service_dump_2024-04-25-22_20_01.bck',
  ])('is not %j', (name) => {
    expect(begunAtOf(name)).toBeNull();
    expect(backupsAmong([name])).toEqual([]);
  });

  it('sorts the newest first', () => {
    expect(backupsAmong([daysAgo(2), 'notes.txt', daysAgo(0), daysAgo(40)])).toEqual([
      daysAgo(0),
      daysAgo(2),
      daysAgo(40),
    ]);
  });
});

describe('what is too old', () => {
  const expired = (stored: string[], good: string[] = [], bad: string[] = [], retentionDays = 2) =>
    expiredBackups(stored, { good: new Set(good), bad: new Set(bad) }, { now, retentionDays });

  it('is what was begun more than so many days ago', () => {
    const stored = [0, 1, 2, 2.001, 3, 30].map(daysAgo);
    expect(expired(stored, stored)).toEqual([daysAgo(2.001), daysAgo(3), daysAgo(30)]);
    expect(expired(stored, stored, [], 10)).toEqual([daysAgo(30)]);
  });

  it('is nothing that is no backup of ours', () => {
    const foreign = [
      'notes.txt',
      'db_user_service_dump_2024-04-25-22_20_01.bck',
      'kronus_dump_old.tar.zst.gpg',
    ];
    expect(expired([...foreign, daysAgo(0)], [daysAgo(0)])).toEqual([]);
  });

  // Every way in which three old backups can be known to be good, known to be bad, or not known.
  const kinds = ['good', 'bad', 'unknown'] as const;
  const names = [daysAgo(10), daysAgo(20), daysAgo(30)];
  const cases = kinds.flatMap((one) => kinds.flatMap((two) => kinds.map((three) => [one, two, three])));
  it.each(cases)('is never the last resort: newest %s, then %s, then %s', (...of) => {
    const are = (kind: string) => names.filter((_, index) => of[index] === kind);
    const gone = expired(names, are('good'), are('bad'));
    const kept = names.filter((name) => !gone.includes(name));
    expect(kept.length).toBeGreaterThan(0);
    // The newest good one stays, whatever is younger.
    expect(kept).toEqual(expect.arrayContaining(are('good').slice(0, 1)));
    // What the record does not know may be the only good one, so the newest of these stays as well.
    expect(kept).toEqual(expect.arrayContaining(are('unknown').slice(0, 1)));
    // Nothing else does.
    expect(kept.length).toBeLessThanOrEqual(
      Number(are('good').length > 0) + Number(are('unknown').length > 0) || 1,
    );
    // A bad one only where there is nothing else.
    if (are('bad').length < 3) expect(kept.filter((name) => are('bad').includes(name))).toEqual([]);
  });

  it('is nothing of nothing', () => {
    expect(expired([])).toEqual([]);
  });
});

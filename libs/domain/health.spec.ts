import { describe, expect, it } from '@jest/globals';
import {
  afterLook,
  backupHealth,
  HEALTH_PARTS,
  overallOf,
  PART_OFF,
  PART_STATES,
  PART_UNKNOWN,
  type BackupRecord,
  type HealthPart,
  type PartHealth,
  type PartState,
} from './health.ts';

const at = (time: string) => new Date(`2026-11-25T${time}Z`);

describe('afterLook', () => {
  it('keeps since when a state holds and when it was last well', () => {
    const first = afterLook(PART_UNKNOWN, null, at('10:00:00'));
    expect(first).toEqual({ state: 'ok', since: at('10:00:00'), lastOkAt: at('10:00:00'), reason: null });
    const second = afterLook(first, null, at('10:01:00'));
    expect(second).toEqual({ ...first, lastOkAt: at('10:01:00') });
    const away = afterLook(second, 'does not answer', at('10:02:00'));
    expect(away).toEqual({
      state: 'down',
      since: at('10:02:00'),
      lastOkAt: at('10:01:00'),
      reason: 'does not answer',
    });
    const stillAway = afterLook(away, 'refuses the credentials', at('10:03:00'));
    expect(stillAway).toEqual({ ...away, reason: 'refuses the credentials' });
    expect(afterLook(stillAway, null, at('10:04:00'))).toMatchObject({ state: 'ok', since: at('10:04:00') });
  });
});

describe('overallOf', () => {
  const part = (state: PartState): PartHealth => ({ ...PART_OFF, state });
  const parts = (states: Partial<Record<HealthPart, PartState>>) =>
    Object.fromEntries(HEALTH_PARTS.map((name) => [name, part(states[name] ?? 'ok')])) as Record<
      HealthPart,
      PartHealth
    >;

  it('is well when every part is well, is not in use or was not looked at', () => {
    for (const name of HEALTH_PARTS.filter((each) => each !== 'postgres'))
      for (const state of PART_STATES)
        expect([name, state, overallOf(parts({ [name]: state }))]).toEqual([
          name,
          state,
          state === 'down' ? 'degraded' : 'ok',
        ]);
  });

  it('is down only without the record', () => {
    for (const state of PART_STATES)
      expect([state, overallOf(parts({ postgres: state }))]).toEqual([state, state === 'ok' ? 'ok' : 'down']);
    const all = parts({ temporal: 'down', provider: 'down', backups: 'down', redis: 'down' });
    expect(overallOf(all)).toBe('degraded');
  });
});

describe('backupHealth', () => {
  // Every 20 minutes, proven at 04:30.
  const plan = {
    schedule: '*/20 * * * *',
    drillSchedule: '30 4 * * *',
    timeZone: 'UTC',
    since: at('10:05:00'),
  };
  const record: BackupRecord = {
    isEnabled: true,
    lastSucceededAt: at('10:00:40'),
    lastFailedAt: null,
    lastProvenAt: at('04:30:30'),
  };
  const stateOf = (given: Partial<BackupRecord>, now: Date) => {
    const { state, reason } = backupHealth({ ...record, ...given }, plan, now);
    return [state, reason];
  };

  it.each<[string, Partial<BackupRecord>, Date, PartState, string | null]>([
    ['just made', {}, at('10:01:00'), 'ok', null],
    ['two runs missed', {}, at('10:59:59'), 'ok', null],
    ['the third run passed', {}, at('11:00:01'), 'down', 'no backup succeeded of late'],
    ['never made, just started', { lastSucceededAt: null }, at('10:10:00'), 'unknown', null],
    ['never made', { lastSucceededAt: null }, at('11:00:01'), 'down', 'no backup has succeeded yet'],
    ['one failed since', { lastFailedAt: at('10:20:05') }, at('10:21:00'), 'ok', 'the latest backup failed'],
    ['one failed before', { lastFailedAt: at('09:40:05') }, at('10:21:00'), 'ok', null],
    [
      'the first failed',
      { lastSucceededAt: null, lastFailedAt: at('10:20:05') },
      at('10:21:00'),
      'unknown',
      'the latest backup failed',
    ],
    [
      'proven too long ago',
      { lastProvenAt: new Date('2026-11-22T04:30:00Z') },
      at('10:01:00'),
      'down',
      'no backup was proven of late',
    ],
    [
      'proven within three nights',
      { lastProvenAt: new Date('2026-11-23T04:30:00Z') },
      at('04:00:00'),
      'ok',
      null,
    ],
    ['never proven, just started', { lastProvenAt: null }, at('10:10:00'), 'ok', null],
  ])('%s', (_, given, now, state, reason) => {
    expect(stateOf(given, now)).toEqual([state, reason]);
  });

  it('says since when, and when one was proven', () => {
    expect(backupHealth(record, plan, at('11:30:00'))).toEqual({
      state: 'down',
      since: at('11:00:00'),
      lastOkAt: at('10:00:40'),
      lastProvenAt: at('04:30:30'),
      reason: 'no backup succeeded of late',
    });
    expect(
      backupHealth({ ...record, lastProvenAt: null }, plan, new Date('2026-11-28T04:30:00.001Z')),
    ).toMatchObject({ state: 'down', reason: 'no backup succeeded of late' });
  });

  it('is no part where no backups are made', () => {
    expect(backupHealth({ ...record, isEnabled: false }, plan, at('23:00:00'))).toMatchObject({
      state: 'off',
      reason: null,
    });
  });
});

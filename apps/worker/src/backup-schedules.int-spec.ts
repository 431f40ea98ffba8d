import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Backup } from '#libs/db/entities/backup.entity';
import { BACKUP_DRILL_SCHEDULE } from '#workflows/backup-drill/backup-drill.contract';
import { BACKUP_SCHEDULE } from '#workflows/backup/backup.contract';
import { LiveWorker } from './live-worker.fixture.ts';
import { ensureSchedules } from './schedules.ts';

const folder = mkdtempSync(join(tmpdir(), 'kronus-schedules-'));
let worker: LiveWorker;
beforeAll(async () => {
  worker = await LiveWorker.start({
    KRONUS_BACKUP_ENABLED: 'true',
    KRONUS_BACKUP_FOLDER: folder,
    KRONUS_BACKUP_SCHEDULE: '7 3 1 1 *',
    KRONUS_BACKUP_DRILL_SCHEDULE: '8 3 1 1 *',
    KRONUS_CRON_TIME_ZONE: 'America/Toronto',
  });
}, 90_000);
afterAll(async () => {
  await worker.close();
  rmSync(folder, { recursive: true });
});

const schedule = (id: string) => worker.client.schedule.getHandle(id);
const times = async (id: string) => {
  const { spec, policies, state, info } = await schedule(id).describe();
  const [calendar] = spec.calendars ?? [];
  return {
    next: info.nextActionTimes[0]!.toISOString().slice(4, 16),
    timezone: spec.timezone,
    overlap: policies.overlap,
    isPaused: state.paused,
    isCron: calendar !== undefined,
  };
};
/** Runs what a schedule would run; answers what it came to. */
const trigger = async (id: string) => {
  const before = (await schedule(id).describe()).info.numActionsTaken;
  await schedule(id).trigger();
  for (;;) {
    const { info } = await schedule(id).describe();
    const last = info.recentActions.at(-1);
    if (info.numActionsTaken > before && last)
      return worker.client.workflow.getHandle(last.action.workflow.workflowId).result();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

it('makes backups and drills on their schedules, in the zone of the settings', async () => {
  // 3:07 in Toronto in winter.
  const as = { timezone: 'America/Toronto', overlap: 'SKIP', isPaused: false, isCron: true };
  expect(await times(BACKUP_SCHEDULE)).toEqual({ ...as, next: '-01-01T08:07' });
  expect(await times(BACKUP_DRILL_SCHEDULE)).toEqual({ ...as, next: '-01-01T08:08' });

  const made = await trigger(BACKUP_SCHEDULE);
  expect(made).toEqual({ name: expect.any(String), bytes: expect.any(Number), removed: 0 });
  expect(readdirSync(folder)).toEqual([made.name]);
  expect(await trigger(BACKUP_DRILL_SCHEDULE)).toMatchObject({ name: made.name });
  const [row] = await worker.orm.em.fork().find(Backup, {});
  expect(row).toMatchObject({ kind: 'scheduled', name: made.name, attempts: 1 });
  expect(row!.provenAt).not.toBeNull();
}, 60_000);

it('takes changed settings, leaves alone what somebody paused, and ends when backups are off', async () => {
  await schedule(BACKUP_SCHEDULE).pause('moving house');
  const backup = { isEnabled: true, schedule: '0 12 1 1 *', drillSchedule: '8 3 1 1 *' };
  await ensureSchedules(worker.client, { timeZone: 'UTC', backup });
  expect(await times(BACKUP_SCHEDULE)).toMatchObject({
    next: '-01-01T12:00',
    timezone: 'UTC',
    isPaused: true,
  });

  for (const _ of ['on', 'off already'])
    await ensureSchedules(worker.client, { timeZone: 'UTC', backup: { ...backup, isEnabled: false } });
  for (const id of [BACKUP_SCHEDULE, BACKUP_DRILL_SCHEDULE])
    await expect(schedule(id).describe()).rejects.toMatchObject({ name: 'ScheduleNotFoundError' });
}, 60_000);

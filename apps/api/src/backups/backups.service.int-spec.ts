import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Backup } from '#libs/db/entities/backup.entity';
import { backupName } from '#libs/domain/backup';
import { FolderObjectStore } from '#libs/storage/folder.object-store';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createAdmin, createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'kronus-backups-'));
/** A store that can be slow to answer. */
class TestStore extends FolderObjectStore {
  isAway = false;

  override list() {
    return this.isAway ? new Promise<never>(() => undefined) : super.list();
  }
}
const store = new TestStore(folder);
const started: string[] = [];
let isTemporalAway = false;
const start = async (id: string) => {
  if (isTemporalAway) throw new Error('14 UNAVAILABLE');
  started.push(id);
};

let api: TestApi;
let token: string;
beforeAll(async () => {
  api = await TestApi.start({}, { backups: { store, start } });
});
afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await api.clear();
  await api.em().execute('truncate backups');
  store.isAway = isTemporalAway = false;
  started.length = 0;
  token = await api.login(await createAdmin(api.em()));
});

/** A backup on record, begun so many minutes ago. */
async function record(minutesAgo: number, fields: Partial<Backup> = {}): Promise<Backup> {
  const em = api.em();
  const startedAt = new Date(api.clock.now().getTime() - minutesAgo * 60_000);
  const backup = em.create(Backup, {
    id: randomUUID(),
    kind: 'scheduled',
    status: 'succeeded',
    attempts: 1,
    name: backupName(startedAt),
    bytes: 1_000,
    startedAt,
    endedAt: startedAt,
    updatedAt: startedAt,
    ...fields,
  });
  await em.flush();
  return backup;
}

it('has a backup made, and says where to look how it goes', async () => {
  const answer = await api.call('POST', '/v1/backups', { token });
  expect(answer.status).toBe(202);
  const { id } = answer.body.data;
  expect(started).toEqual([id]);
  expect(answer.body.data).toMatchObject({ kind: 'manual', status: 'running', attempts: 0, name: null });
  expect((await api.call('GET', `/v1/backups/${id}`, { token })).body.data).toMatchObject({
    id,
    status: 'running',
  });
});

it('refuses while one is being made', async () => {
  await api.call('POST', '/v1/backups', { token });
  const answer = await api.call('POST', '/v1/backups', { token });
  expect([answer.status, answer.body.errors]).toEqual([409, ['a backup is being made already']]);
  expect(started).toHaveLength(1);
});

it('says when Temporal is away, and has promised nothing', async () => {
  isTemporalAway = true;
  expect((await api.call('POST', '/v1/backups', { token })).status).toBe(503);
  expect((await api.call('GET', '/v1/backups', { token })).body.data).toEqual([]);
  isTemporalAway = false;
  expect((await api.call('POST', '/v1/backups', { token })).status).toBe(202);
});

it('takes no body that means nothing', async () => {
  expect((await api.call('POST', '/v1/backups', { token, body: {} })).status).toBe(202);
});

it('lists what is on record and what only the store has, page by page', async () => {
  const now = api.clock.now().getTime();
  const kept = await record(10);
  const gone = await record(20);
  const failed = await record(30, {
    status: 'failed',
    name: null,
    bytes: null,
    error: 'There is no space left.',
  });
  const unknown = backupName(new Date(now - 15 * 60_000));
  writeFileSync(join(folder, kept.name!), 'x');
  writeFileSync(join(folder, unknown), 'four');
  writeFileSync(join(folder, 'notes.txt'), 'not ours');
  const { body } = await api.call('GET', '/v1/backups', { token });
  expect(
    body.data.map((each: Record<string, unknown>) => [each.id, each.name, each.status, each.is_stored]),
  ).toEqual([
    [kept.id, kept.name, 'succeeded', true],
    [null, unknown, 'succeeded', true],
    [gone.id, gone.name, 'succeeded', false],
    [failed.id, null, 'failed', false],
  ]);
  expect(body.data[1].bytes).toBe(4);
  expect(body.paging).toEqual({ total: 4, page: 1, pages: 1 });
  const page = await api.call('GET', '/v1/backups?limit=3&page=2', { token });
  expect([page.body.data.length, page.body.data[0].error, page.body.paging]).toEqual([
    1,
    'There is no space left.',
    { total: 4, page: 2, pages: 2 },
  ]);

  store.isAway = true;
  const without = await api.call('GET', '/v1/backups', { token });
  expect(without.body.data.map((each: { is_stored: unknown }) => each.is_stored)).toEqual([null, null, null]);
});

it('does not know what there is not', async () => {
  expect((await api.call('GET', `/v1/backups/${randomUUID()}`, { token })).status).toBe(404);
  expect((await api.call('GET', '/v1/backups/1', { token })).status).toBe(400);
});

it('shows backups among the jobs, to those who own the platform', async () => {
  const user = await createUser(api.em());
  const probe = await createProbe(api.em(), user.id);
  await createMessage(api.em(), probe, 'queued');
  const [good, failed, running] = [
    await record(10),
    await record(20, {
      status: 'failed',
      name: null,
      bytes: null,
      attempts: 4,
      error: 'There is no space left.',
    }),
    await record(5, { status: 'running', name: null, endedAt: null }),
  ];
  const all = await api.call('GET', '/v1/jobs', { token });
  expect(all.body.paging?.total).toBe(4);
  const dead = await api.call('GET', '/v1/jobs?status=dead', { token });
  expect(dead.body.data).toEqual([
    expect.objectContaining({
      id: failed.id,
      name: `backup/${failed.id}`,
      handler: 'backup',
      args: JSON.stringify({ kind: 'scheduled' }),
      fails: 4,
      last_error: 'There is no space left.',
      claimed: false,
    }),
  ]);
  const done = await api.call('GET', '/v1/jobs?status=successful', { token });
  expect(done.body.data.map((job: { id: string; fails: number }) => [job.id, job.fails])).toEqual([
    [good.id, 0],
  ]);
  const claimed = await api.call('GET', '/v1/jobs?status=in-progress', { token });
  expect(claimed.body.data.map((job: { id: string }) => job.id)).toEqual([running.id]);
  // Newest first over both kinds, each once.
  const pages = await Promise.all(
    [1, 2, 3, 4].map((page) => api.call('GET', `/v1/jobs?limit=1&page=${page}`, { token })),
  );
  const jobs = pages.map(({ body }) => body.data[0]);
  expect(jobs.map(({ id }) => id)).toEqual(all.body.data.map(({ id }: { id: string }) => id));
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(4);
  expect((await api.call('GET', '/v1/jobs/stats', { token })).body.data).toMatchObject({
    dead_job_count: 1,
    successful_job_count: 1,
    in_progress_job_count: 1,
    enqueued_job_count: 1,
  });

  const admin = await api.login(await createAdmin(api.em(), { isPlatformAdmin: false }));
  const theirs = await api.call('GET', '/v1/jobs', { token: admin });
  expect(theirs.body.data.map((job: { handler: string }) => job.handler)).not.toContain('backup');
  expect((await api.call('GET', '/v1/backups', { token: admin })).status).toBe(403);
});

it('has none made where backups are off', async () => {
  const off = await TestApi.start();
  try {
    const platformAdmin = await off.login(await createAdmin(off.em()));
    const answer = await off.call('POST', '/v1/backups', { token: platformAdmin });
    expect([answer.status, answer.body.errors]).toEqual([409, ['backups are off (backup.enabled)']]);
    expect((await off.call('GET', '/v1/backups', { token: platformAdmin })).body.data).toEqual([]);
  } finally {
    await off.stop();
  }
});

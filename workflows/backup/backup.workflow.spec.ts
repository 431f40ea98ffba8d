import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { TimeMachine } from '#apps/worker/src/time-machine.fixture';
import { Backup } from '#libs/db/entities/backup.entity';
import { beginBackup } from '#libs/db/queries/backups';
import { backupName } from '#libs/domain/backup';
import { FolderObjectStore } from '#libs/storage/folder.object-store';
import { StoreFault } from '#libs/storage/store-fault';
import { TASK_QUEUES } from '#libs/temporal/task-queues';
import { BACKUP_DRILL_WORKFLOW } from '../backup-drill/backup-drill.contract.ts';
import { startBackup } from './backup.client.ts';
import { BACKUP_TIMEOUT, BACKUP_WORKFLOW, backupWorkflowId, type BackupInput } from './backup.contract.ts';
import type { BackupDone } from './backup.workflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'kronus-backup-flow-'));

/** A folder whose disk is full for some tries, or that waits until it is called off. */
class TestStore extends FolderObjectStore {
  fullFor = 0;
  tries = 0;
  waits: PromiseWithResolvers<void> | undefined;

  override async put(name: string, content: Readable, signal?: AbortSignal) {
    this.tries += 1;
    if (this.waits) {
      this.waits.resolve();
      const leaving = Promise.withResolvers<never>();
      signal!.addEventListener('abort', () => leaving.reject(signal!.reason));
      await leaving.promise.finally(() => content.destroy());
    }
    if (this.tries > this.fullFor) return super.put(name, content, signal);
    content.destroy();
    throw new StoreFault('no_space', `there is no space left in ${this.place}`);
  }
}

const store = new TestStore(join(folder, 'backups'));
let machine: TimeMachine;
let number = 0;
beforeAll(async () => {
  machine = await TimeMachine.start({ store });
}, 60_000);
afterAll(async () => {
  await machine.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await machine.orm.em.fork().execute('truncate backups');
  for (const { name } of await store.list()) await store.delete(name);
  store.fullFor = store.tries = 0;
  store.waits = undefined;
});

// Without a time-out the server, when nothing else is left to wait for, skips ten years.
const options = () => ({
  workflowId: `backup-${++number}`,
  taskQueue: TASK_QUEUES.main,
  workflowExecutionTimeout: BACKUP_TIMEOUT,
});
const start = (input: BackupInput) =>
  machine.env.client.workflow.start<(input: BackupInput) => Promise<BackupDone>>(BACKUP_WORKFLOW, {
    ...options(),
    args: [input],
  });
const run = async (input: BackupInput = { kind: 'scheduled' }) => (await start(input)).result();
const drill = () => machine.env.client.workflow.execute(BACKUP_DRILL_WORKFLOW, options());
const rows = () => machine.orm.em.fork().find(Backup, {}, { orderBy: { startedAt: 'asc' } });
const names = async () => (await store.list()).map(({ name }) => name);

it('makes a backup, and removes those that are too old', async () => {
  const now = await machine.now();
  const first = (await run())!;
  expect(first).toEqual({ name: expect.any(String), bytes: expect.any(Number), removed: 0 });
  await machine.travelTo(new Date(now.getTime() + 3 * 24 * 3_600_000));
  const second = (await run())!;
  expect(second.removed).toBe(1);
  expect(await names()).toEqual([second.name]);
  expect((await rows()).map(({ name, status, kind }) => [name, status, kind])).toEqual([
    [first.name, 'succeeded', 'scheduled'],
    [second.name, 'succeeded', 'scheduled'],
  ]);
});

it('tries again when it fails, under the same id', async () => {
  store.fullFor = 2;
  const done = (await run())!;
  expect(await names()).toEqual([done.name]);
  expect(await rows()).toMatchObject([{ status: 'succeeded', attempts: 3, name: done.name, error: null }]);
});

it('fails when every attempt failed: the workflow, the record and the job say so, and nothing is left', async () => {
  store.fullFor = Infinity;
  const failure = await run().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  const sentence = `There is no space left in ${store.place}.`;
  expect((failure as WorkflowFailedError).cause?.cause).toMatchObject({
    type: 'BACKUP_FAILED',
    message: sentence,
  });
  expect(store.tries).toBe(4);
  expect(await rows()).toMatchObject([{ status: 'failed', attempts: 4, name: null, error: sentence }]);
  const jobs = await machine.orm.em.fork().execute('select status, fails, last_error from backup_jobs');
  expect(jobs).toEqual([{ status: 'dead', fails: 4, last_error: sentence }]);
  expect(await names()).toEqual([]);
});

it('leaves out what would run beside another one', async () => {
  const running = { id: crypto.randomUUID(), kind: 'manual', now: await machine.now() } as const;
  await beginBackup(machine.orm.em.fork(), running);
  expect(await run()).toBeNull();
  expect(await names()).toEqual([]);
  expect(await rows()).toHaveLength(1);
});

it('makes the one that somebody ordered, once however often it is started', async () => {
  const id = crypto.randomUUID();
  await beginBackup(machine.orm.em.fork(), { id, kind: 'manual', now: await machine.now() });
  const { workflow } = machine.env.client;
  await startBackup(workflow, id);
  await startBackup(workflow, id);
  await workflow.getHandle(backupWorkflowId(id)).result();
  expect(await rows()).toMatchObject([{ id, kind: 'manual', status: 'succeeded' }]);
  expect(await names()).toHaveLength(1);
});

it('is called off in the middle, and is no backup then', async () => {
  store.waits = Promise.withResolvers();
  const handle = await start({ kind: 'scheduled' });
  await store.waits.promise;
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
  expect(await rows()).toMatchObject([{ status: 'failed', error: 'It was called off before its end.' }]);
  expect(await names()).toEqual([]);
}, 60_000);

it('proves the newest backup in a drill, which fails when there is none', async () => {
  const failure = await drill().catch((error: unknown) => error);
  expect((failure as WorkflowFailedError).cause?.cause).toMatchObject({
    type: 'BACKUP_FAILED',
    message: `There is no backup in ${store.place} that could be proven.`,
  });
  const { name } = (await run())!;
  expect(await drill()).toMatchObject({ name });
  expect(await rows()).toMatchObject([{ name, provenAt: expect.anything(), proofError: null }]);
});

it('holds nothing but names and numbers in its history', async () => {
  const handle = await start({ kind: 'scheduled' });
  const done = (await handle.result())!;
  expect(done.name).toBe(backupName(new Date((await rows())[0]!.startedAt)));
  const { events } = await handle.fetchHistory();
  expect(JSON.stringify(events)).not.toMatch(/passphrase|postgres:\/\//);
});

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { runtimeFlags } from '#libs/embedded/phones';
import { TroubledProxy } from '#libs/storage/troubled-proxy.fixture';
import { findObjectServer, startObjectServer, type ObjectServer } from '#libs/testing/object-server';
import { probeWorkflowId } from '#workflows/probe/probe.contract';
import { type Account, Kronus, until } from './harness.ts';

const MAIN = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const SOME_SECONDS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'kronus-e2e-backups-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Backups that are made when somebody says so. */
const ON_DEMAND = { KRONUS_BACKUP_ENABLED: 'true', KRONUS_BACKUP_SCHEDULE: '0 0 1 1 *' };

interface Ended {
  code: number | string;
  out: string;
  err: string;
}

/** Runs `kronus backup …` beside, or instead of, the Kronus of the story. */
const backup = (kronus: Kronus, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [...runtimeFlags(), MAIN, 'backup', ...args, '--test'],
      { env: kronus.env },
      (error, out, err) => resolve({ code: error?.code ?? 0, out, err }),
    );
  });
const stored = async (kronus: Kronus): Promise<string[]> => {
  const { out } = await backup(kronus, 'list', '--json');
  return (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
};

/** Has a backup made over HTTP; answers its name when it is in the store. */
async function backUp(admin: Account): Promise<string> {
  const { id } = await admin.expects(202, 'POST', '/v1/backups');
  const look = () => admin.expects(200, 'GET', `/v1/backups/${id}`);
  await until(async () => (await look()).status !== 'running', SOME_SECONDS, 'the backup');
  const made = await look();
  expect(made).toMatchObject({ status: 'succeeded', error: null, is_stored: true });
  return made.name;
}

describe('a record that was lost', () => {
  let kronus: Kronus;
  beforeEach(async () => {
    const env = { ...ON_DEMAND, KRONUS_BACKUP_FOLDER: mkdtempSync(join(folder, 'store-')) };
    kronus = await Kronus.start({ hasOwnPhones: true, env });
  }, 90_000);
  afterEach(async () => {
    await kronus.endStory().finally(() => kronus.stop());
  }, 30_000);

  it('is restored, and what waited goes on', async () => {
    const tony = await kronus.person({ firstName: 'Tony' });
    await tony.asksForCheck({ max_retries: 6, wait_time_in_minutes: 40 });
    await tony.phone.receives('are you okay');
    const name = await backUp(await kronus.admin());

    // Whatever comes now is not in it; these workflows are ahead of the rows.
    const bruce = await kronus.person({ firstName: 'Bruce', contacts: [] });
    await bruce.account.expects(201, 'POST', `${bruce.path}/contacts`, {
      first_name: 'Betty',
      last_name: 'Ross',
      email: 'betty@example.org',
      phone_number: '+15550009999',
      is_emergency_contact: true,
    });
    await kronus.phones.phone('+15550009999').receives('emergency contact');
    await bruce.asksForCheck({ max_retries: 6, wait_time_in_minutes: 40 });
    await bruce.phone.receives('are you okay');

    const inUse = await backup(kronus, 'restore', name, '--yes');
    expect([inUse.code, inUse.err]).toEqual([1, expect.stringContaining('The database is in use')]);
    await kronus.halt();
    // The last thing it did was a backup.
    expect((await stored(kronus))[0]).not.toBe(name);
    expect(await stored(kronus)).toHaveLength(2);

    const asked = await backup(kronus, 'restore', name);
    expect([asked.code, asked.err]).toEqual([1, '[Error] Nobody can be asked here: add --yes to restore.\n']);
    const restored = await backup(kronus, 'restore', name, '--yes');
    expect([restored.code, restored.err]).toEqual([
      0,
      expect.stringMatching(/is kept as the database kronus_before_\d+/),
    ]);
    await kronus.restart();

    // The check that was pending is asked about again, and takes its answer.
    await tony.phone.receives('You good ??', { withinMs: SOME_SECONDS });
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
    expect(await tony.probes()).toMatchObject([{ status: { name: 'good' } }]);

    // The workflow of somebody who does not exist any more comes to its end, and asks nobody.
    expect((await bruce.account.call('GET', bruce.path)).status).toBe(401);
    const connection = await Connection.connect({ address: kronus.temporalAddress });
    const watch = new Client({ connection }).workflow.getHandle(probeWorkflowId(bruce.account.id));
    await until(
      async () => (await watch.describe()).status.name === 'COMPLETED',
      SOME_SECONDS,
      'the end of the workflow of nobody',
    );
    await connection.close();

    // The next account has the same id, and a workflow of its own.
    const natasha = await kronus.person({ firstName: 'Natasha' });
    expect(natasha.account.id).toBe(bruce.account.id);
    await natasha.asksForCheck();
    await natasha.phone.receives('are you okay');
    await natasha.phone.replies('yes');
    await natasha.phone.receives('👍');
  }, 240_000);

  it('comes back by itself on an empty database, if that is wanted, and is offered if not', async () => {
    const tony = await kronus.person({ firstName: 'Tony' });
    await kronus.halt();
    const [last] = await stored(kronus);
    rmSync(join(kronus.kept, 'postgres'), { recursive: true });

    await kronus.restart();
    expect(kronus.output()).toContain(
      `The database is empty, but ${kronus.env.KRONUS_BACKUP_FOLDER} holds ${last}. To restore it, stop and run: kronus backup restore ${last}`,
    );
    await kronus.crash();

    kronus.env.KRONUS_BACKUP_RESTORE_ON_EMPTY = 'true';
    kronus.env.KRONUS_BACKUP_PASS_PHRASE = 'a wrong one';
    await expect(kronus.restart()).rejects.toThrow(/\[Error\] The pass phrase does not open kronus_dump_/);
    delete kronus.env.KRONUS_BACKUP_PASS_PHRASE;
    await kronus.restart();
    expect(kronus.output()).toContain(`The database was empty: ${last} was restored.`);
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');

    // It is not empty any more.
    await kronus.crash();
    await kronus.restart();
    expect(kronus.output()).not.toContain('restored');
    expect(await tony.probes()).toMatchObject([{ status: { name: 'good' } }]);
  }, 240_000);

  it('is looked after from the command line, a fault being one sentence and a code', async () => {
    await kronus.admin();
    const made = await backup(kronus, 'now');
    expect([made.code, made.err]).toEqual([
      0,
      expect.stringMatching(/✓ Backup to .*\nkronus_dump_\S+ {2}\d+\.\d kB, \d+ rows\n$/),
    ]);
    const [name] = await stored(kronus);
    expect((await backup(kronus, 'list')).out).toMatch(
      /^NAME +SIZE +BEGUN\nkronus_dump_\S+ +\d+\.\d kB +\d{4}-/,
    );
    const verified = await backup(kronus, 'verify', name!);
    expect([verified.code, verified.err]).toEqual([0, expect.stringContaining('It is whole')]);

    const absent = await backup(kronus, 'verify', 'absent.tar');
    expect([absent.code, absent.err]).toEqual([
      1,
      expect.stringMatching(/\[Error\] There is no absent\.tar in .*\n$/),
    ]);
    kronus.env.KRONUS_BACKUP_PASS_PHRASE = 'a wrong one';
    for (const args of [
      ['verify', name!],
      ['restore', name!, '--yes', '--force'],
    ]) {
      const { code, err } = await backup(kronus, ...args);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/\[Error\] The pass phrase does not open kronus_dump_\S+: .*\n$/),
      ]);
    }
    delete kronus.env.KRONUS_BACKUP_PASS_PHRASE;
    // A file where the folder should be.
    const env = kronus.env.KRONUS_BACKUP_FOLDER!;
    kronus.env.KRONUS_BACKUP_FOLDER = join(env, name!);
    const failed = await backup(kronus, 'now');
    expect([failed.code, failed.err]).toEqual([
      1,
      expect.stringMatching(/\[Error\] .* cannot be used \(ENOTDIR\)\.\n$/),
    ]);
    kronus.env.KRONUS_BACKUP_FOLDER = env;
    const admin = await kronus.admin();
    const [job] = await admin.expects(200, 'GET', '/v1/jobs?status=dead');
    expect(job).toMatchObject({ handler: 'backup', last_error: expect.stringContaining('ENOTDIR') });
  }, 120_000);
});

const program = await findObjectServer((text) => console.error(`object server: ${text}`));
if (!program)
  console.error(
    'SKIPPED: the story of backups in a bucket, because there is no Go to build its stand-in with',
  );

(program ? describe : describe.skip)('a bucket', () => {
  let server: ObjectServer;
  let proxy: TroubledProxy;
  let kronus: Kronus;
  beforeEach(async () => {
    server = await startObjectServer(program!, folder);
    proxy = await TroubledProxy.start(server.url);
    const bucket = { KRONUS_BACKUP_BUCKET: server.bucket, KRONUS_GCS_ENDPOINT: proxy.url };
    kronus = await Kronus.start({ env: { ...ON_DEMAND, ...bucket } });
  }, 90_000);
  afterEach(async () => {
    await kronus.endStory().finally(() => kronus.stop());
    await proxy.stop();
    await server.stop();
  }, 30_000);

  it('gets the backup that was cut off by a crash in the middle of its upload', async () => {
    const admin = await kronus.admin();
    proxy.trouble = ({ kind }) => (kind === 'piece' ? 'stall' : undefined);
    const { id } = await admin.expects(202, 'POST', '/v1/backups');
    await until(() => proxy.seen.some(({ kind }) => kind === 'piece'), SOME_SECONDS, 'the upload');
    await kronus.crash();
    proxy.calm();
    expect(await stored(kronus)).toEqual([]);

    await kronus.restart();
    const look = () => admin.expects(200, 'GET', `/v1/backups/${id}`);
    await until(async () => (await look()).status === 'succeeded', SOME_SECONDS, 'the backup');
    const made = await look();
    expect(made).toMatchObject({ attempts: 2, kind: 'manual', is_stored: true });
    expect(await stored(kronus)).toEqual([made.name]);
    expect(readdirSync(kronus.kept)).not.toContain('backups');
    expect((await backup(kronus, 'verify', made.name)).code).toBe(0);
  }, 180_000);

  it('that never answers does not keep Kronus from stopping', async () => {
    const admin = await kronus.admin();
    proxy.trouble = () => 'stall';
    await admin.expects(202, 'POST', '/v1/backups');
    await until(() => proxy.seen.length > 0, SOME_SECONDS, 'the upload');
    const since = performance.now();
    await kronus.halt();
    expect(performance.now() - since).toBeLessThan(20_000);
    expect(kronus.output()).toContain('There is no last backup. There was no time for it.');
    proxy.calm();
    await kronus.restart();
  }, 120_000);

  it('that is away makes a dead job, a number and a line in the log, and holds up nobody', async () => {
    const admin = await kronus.admin();
    proxy.trouble = () => 403;
    const { id } = await admin.expects(202, 'POST', '/v1/backups');
    const tony = await kronus.person();
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
    const job = async () => (await admin.expects(200, 'GET', '/v1/jobs?status=dead'))[0];
    await until(async () => (await job()) !== undefined, SOME_SECONDS, 'the dead job');
    expect(await job()).toMatchObject({
      id,
      handler: 'backup',
      fails: 4,
      last_error: expect.stringContaining('does not take the credentials (403)'),
    });
    await until(
      async () => /^kronus_backup_failures 1$/m.test((await kronus.call('GET', '/metrics')).body),
      SOME_SECONDS,
      'the number',
    );
    expect(kronus.output()).toContain('a backup failed');
    proxy.calm();
  }, 180_000);
});

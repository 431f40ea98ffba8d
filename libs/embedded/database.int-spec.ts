import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#libs/config/config';
import { migrate } from '#libs/db/migrate';
import { run } from '#libs/db/roles.fixture';
import { readSchemaState, withOwner } from '#libs/db/schema-state';
import { openEmbeddedDatabase, setUpEmbedded } from './database.ts';
import { openDataDir } from './data-dir.ts';
import { startPostgres } from './postgres.ts';
import { isAlive } from './process-identity.ts';
import { Progress } from './progress.ts';
import { startStack } from './stack.ts';

let dataDir: string;
const ending: (() => unknown)[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'kronus-database-'));
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  rmSync(dataDir, { recursive: true, force: true });
});

/** PostgreSQL as a running Kronus has it in the data folder. */
async function runAsKronus() {
  const lock = openDataDir(dataDir);
  ending.push(() => lock.release());
  const server = await startPostgres({ dataDir: join(dataDir, 'postgres'), isDurable: false });
  ending.push(() => server.stop());
  return server;
}

const open = () => openEmbeddedDatabase({ dataDir, isDurable: false });
const whoAmI = `select current_user as name`;

describe('the database in a data folder', () => {
  it('is opened as each role, and its server ends with it', async () => {
    const { databases, close } = await open();
    const names = [databases.url, databases.readOnlyUrl, databases.adminUrl].map((url) => run(url, whoAmI));
    expect((await Promise.all(names)).flat()).toEqual([
      { name: 'kronus_manager' },
      { name: 'kronus_user' },
      { name: 'kronus_admin' },
    ]);
    const [{ pid }] = (await run<{ pid: number }>(databases.url, `select pg_backend_pid() as pid`)) as [
      { pid: number },
    ];
    await close();
    expect(isAlive(pid)).toBe(false);
    const again = await open();
    expect(again.databases.url.replace(/:\d+\//, '/')).toBe(databases.url.replace(/:\d+\//, '/'));
    await again.close();
  });

  it('is that of a Kronus that runs there, which goes on', async () => {
    const server = await runAsKronus();
    const databases = await setUpEmbedded(server.url);
    const opened = await open();
    expect(opened.databases).toEqual(databases);
    await opened.close();
    expect(await run(databases.url, whoAmI)).toEqual([{ name: 'kronus_manager' }]);
  });

  it('cannot be opened while another process holds the folder without one', async () => {
    const lock = openDataDir(dataDir);
    ending.push(() => lock.release());
    await expect(open()).rejects.toThrow(`is in use by process ${process.pid}`);
  });

  it('of a version that knew no roles is taken over, with what it holds', async () => {
    const server = await runAsKronus();
    await server.createDatabase('kronus');
    await withOwner(server.url('kronus'), (orm) => migrate(orm));
    await run(server.url('kronus'), `update clients set name = 'kept'`);
    const databases = await setUpEmbedded(server.url);
    expect(await run(databases.url, `update clients set version = 2 returning name`)).toEqual([
      { name: 'kept' },
    ]);
    await withOwner(databases.adminUrl, (orm) =>
      orm.em.fork().execute('alter table clients add column more int'),
    );
    await withOwner(databases.readOnlyUrl, async (orm) => {
      expect((await readSchemaState(orm.em.fork())).pending).toEqual([]);
    });
  });

  it('is what the whole Kronus gets, which so has no more rights than in production', async () => {
    const elsewhere = { TEMPORAL_ADDRESS: '127.0.0.1:1', TWILIO_API_BASE_URL: 'http://127.0.0.1:1' };
    const config = loadConfig({
      mode: 'test',
      cwd: dataDir,
      env: { KRONUS_DATA_DIR: dataDir, ...elsewhere },
    });
    const { databases, stop } = await startStack({
      config,
      progress: new Progress({ write: () => true }),
      onGiveUp: (message) => {
        throw new Error(message);
      },
    });
    ending.push(() => stop.stopAll());
    expect(await run(databases.url, whoAmI)).toEqual([{ name: 'kronus_manager' }]);
    expect(await run(databases.readOnlyUrl, whoAmI)).toEqual([{ name: 'kronus_user' }]);
    expect(await run(databases.adminUrl, whoAmI)).toEqual([{ name: 'kronus_admin' }]);
  });
});

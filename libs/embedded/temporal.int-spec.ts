import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwner } from './owner.fixture.ts';
import { freePort } from './ports.ts';
import { isAlive } from './process-identity.ts';
import { findTemporal } from './temporal-binary.ts';
import { startTemporal } from './temporal.ts';
import type { Temporal, TemporalOptions } from './temporal.ts';

let binary: string;
let folder: string;
const running: Temporal[] = [];

beforeAll(async () => {
  binary = await findTemporal();
}, 900_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kronus-temporal-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const start = async (options: Partial<TemporalOptions> = {}): Promise<Temporal> => {
  const server = await startTemporal({ binary, logFile: join(folder, 'temporal.log'), ...options });
  running.push(server);
  return server;
};

const withClient = async <T>({ address }: Temporal, work: (client: Client) => Promise<T>): Promise<T> => {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
};

const startWorkflow = (server: Temporal): Promise<unknown> =>
  withClient(server, (client) => client.workflow.start('waits', { workflowId: 'w', taskQueue: 'q' }));
const workflowStatus = (server: Temporal): Promise<string> =>
  withClient(server, async (client) => (await client.workflow.getHandle('w').describe()).status.name);

describe('startTemporal', () => {
  it('answers when it is ready, and keeps workflows over a restart and over a kill', async () => {
    const dbFile = join(folder, 'temporal.db');
    const first = await start({ dbFile });
    await startWorkflow(first);
    await first.stop();
    const second = await start({ dbFile, port: first.port });
    expect(second.address).toBe(first.address);
    expect(await workflowStatus(second)).toBe('RUNNING');
    process.kill(second.pid, 'SIGKILL');
    await second.exited;
    const third = await start({ dbFile });
    expect(await workflowStatus(third)).toBe('RUNNING');
    expect([first, second, third].map(({ wasReset }) => wasReset)).toEqual([false, false, false]);
  });

  it.each([
    ['is no database', (file: string) => writeFileSync(file, 'rubbish '.repeat(10_000))],
    ['is empty', (file: string) => truncateSync(file, 0)],
    ['lost its second half', (file: string) => truncateSync(file, 200 * 1024)],
  ])('begins with a new file, keeping the old one, when the file %s', async (_, spoil) => {
    const dbFile = join(folder, 'temporal.db');
    await (await start({ dbFile })).stop();
    for (const name of readdirSync(folder)) if (/-(wal|shm)$/.test(name)) rmSync(join(folder, name));
    spoil(dbFile);
    const said: string[] = [];
    const server = await start({ dbFile, say: (text) => said.push(text) });
    expect(server.wasReset).toBe(true);
    const kept = readdirSync(folder).find((name) => name.includes('.broken-') && !/-(wal|shm)$/.test(name));
    expect(kept).toBeDefined();
    expect(said.join()).toContain(kept);
    await startWorkflow(server);
  });

  it('serves its own namespace, search attributes and the web UI', async () => {
    const server = await start({
      namespace: 'kronus',
      searchAttributes: { ProbeState: 'Keyword' },
      uiPort: await freePort(),
    });
    const attributes = await withClient(server, (client) =>
      client.connection.operatorService.listSearchAttributes({ namespace: 'kronus' }),
    );
    expect(Object.keys(attributes.customAttributes ?? {})).toContain('ProbeState');
    expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
  });

  it('names a taken port and its setting, and leaves the file alone', async () => {
    const dbFile = join(folder, 'temporal.db');
    const first = await start();
    await expect(start({ dbFile, port: first.port })).rejects.toThrow(
      `Port ${first.port} (Temporal) is taken; set KRONUS_TEMPORAL_PORT to another one.`,
    );
    await expect(start({ dbFile, uiPort: first.port })).rejects.toThrow('set KRONUS_TEMPORAL_UI_PORT');
    expect(existsSync(dbFile)).toBe(false);
  });

  it('says what the server said when it does not start', async () => {
    await expect(start({ searchAttributes: { Broken: 'Nonsense' as 'Text' } })).rejects.toThrow(
      /Temporal does not start: .*Nonsense/,
    );
  });

  it('ends the server of an owner that was killed, and takes its port and file at once', async () => {
    const dbFile = join(folder, 'temporal.db');
    const owner = await startOwner<{ pid: number; port: number }>(`
      import { startTemporal } from '#libs/embedded/temporal';
      const { pid, port } = await startTemporal(${JSON.stringify({ binary, dbFile, logFile: join(folder, 'owner.log') })});
      report({ pid, port });`);
    const { pid, port } = owner.reported;
    await owner.kill();
    const server = await start({ dbFile, port });
    expect(isAlive(pid)).toBe(false);
    expect(server.wasReset).toBe(false);
  });
});

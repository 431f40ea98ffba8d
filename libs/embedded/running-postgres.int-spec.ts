import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runningPostgres, startPostgres } from './postgres.ts';

it('finds the server that another process runs on a folder, while it runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kronus-running-postgres-'));
  const dataDir = join(folder, 'postgres');
  try {
    expect(runningPostgres(dataDir)).toBeNull();
    const server = await startPostgres({ dataDir, isDurable: false });
    expect(runningPostgres(dataDir)?.('kronus')).toBe(server.url('kronus'));
    await server.stop();
    expect(runningPostgres(dataDir)).toBeNull();
    // What a crash leaves, with the id of somebody else by now.
    const lines = [process.pid, '', 0, 5432, '', '127.0.0.1', '', 'ready'];
    writeFileSync(join(dataDir, 'data', 'postmaster.pid'), lines.join('\n'));
    expect(runningPostgres(dataDir)).toBeNull();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

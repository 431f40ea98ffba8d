import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StopInReverse } from '#libs/embedded/children';
import { startPostgres } from '#libs/embedded/postgres';
import { Progress } from '#libs/embedded/progress';
import { findTemporal, findTimeSkippingServer } from '#libs/embedded/temporal-binary';
import { removeAtEnd } from '#libs/embedded/watchdog';
import { neededServers, TEST_SERVER_VARIABLES } from './test-servers.ts';

/** The part of jest's global configuration that is used here. */
interface GlobalConfig {
  testPathPatterns: { patterns: string[] };
}

declare global {
  var kronusTestServers: StopInReverse | undefined;
}

/**
 * Starts, once for a run of jest, the servers that its tests need, and leaves their addresses in the environment.
 * Everything ends in the global tear-down, or with jest itself if that is killed.
 */
export default async (config: GlobalConfig): Promise<void> => {
  const needs = neededServers(config.testPathPatterns.patterns);
  const servers = (globalThis.kronusTestServers = new StopInReverse());
  const progress = new Progress(process.stderr);
  const folder = mkdtempSync(join(tmpdir(), 'kronus-test-'));
  removeAtEnd(folder);
  servers.add('folder', () => rmSync(folder, { recursive: true, force: true }));

  const postgres = (): Promise<void> =>
    progress.step('PostgreSQL for tests', async (say) => {
      const server = await startPostgres({ dataDir: join(folder, 'postgres'), isDurable: false, say });
      servers.add('PostgreSQL', () => server.stop());
      process.env[TEST_SERVER_VARIABLES.postgres] = server.url('postgres');
    });
  // Stories start it for themselves, but must not wait for its download or build without a word.
  const temporal = (): Promise<string> => progress.step('Temporal program', (say) => findTemporal({ say }));
  const timeSkipping = (): Promise<void> =>
    progress.step('Time-skipping server for tests', async (say) => {
      process.env[TEST_SERVER_VARIABLES.timeSkipping] = await findTimeSkippingServer({ say });
    });

  await Promise.all([
    needs.postgres && postgres(),
    needs.temporal && temporal(),
    needs.timeSkipping && timeSkipping(),
  ]);
};

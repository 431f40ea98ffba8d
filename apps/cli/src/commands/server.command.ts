import type { CommandModule } from 'yargs';
import type { Config } from '#libs/config/config';
import type { Parts } from '../server.ts';
import { readConfig, warn, withConfig, type ConfigFlags } from './config-flags.ts';
import type { RootFlags } from './root-flags.ts';

const developmentWarning = 'DEVELOPMENT MODE: built-in keys and pass phrases, not for production.';

/** `kronus server`: API and worker in one process. */
export const serverCommand = startCommand('server', 'Start a kronus server', { api: true, worker: true });

/** `kronus api`: the half that answers requests, beside others on the same PostgreSQL and Temporal. */
export const apiCommand = startCommand('api', 'Start the API alone, one of several', {
  api: true,
  worker: false,
});

/** `kronus worker`: the half that asks, waits and escalates, beside others on the same PostgreSQL and Temporal. */
export const workerCommand = startCommand('worker', 'Start a worker alone, one of several', {
  api: false,
  worker: true,
});

function startCommand(
  command: string,
  describe: string,
  parts: Parts,
): CommandModule<RootFlags, ConfigFlags> {
  return {
    command,
    describe,
    builder: withConfig,
    handler: async (flags) => {
      const { ConfigError } = await import('#libs/config/config');
      const config = await readConfig(flags);
      const faults = faultsOfHalf(config, parts);
      if (faults.length > 0) throw new ConfigError(faults);
      if (flags.dev) warn(developmentWarning);
      const { runServer } = await import('../server.ts');
      await runServer(config, parts);
    },
  };
}

/** Half a Kronus has no servers of its own: it would wait for the other half on servers that nobody else knows. */
function faultsOfHalf({ database, temporal }: Config, { api, worker }: Parts): string[] {
  if (api && worker) return [];
  return [
    ...(database.url ? [] : ['database.url (DATABASE_URL) is required to run the API and the worker apart']),
    ...(temporal.address
      ? []
      : ['temporal.address (TEMPORAL_ADDRESS) is required to run the API and the worker apart']),
  ];
}

import { styleText } from 'node:util';
import type { Argv, CommandModule } from 'yargs';
import type { Config } from '#libs/config/config';
import type { Parts } from '../server.ts';
import type { RootFlags } from './root-flags.ts';

interface ServerFlags extends RootFlags {
  config?: string;
}

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
): CommandModule<RootFlags, ServerFlags> {
  return {
    command,
    describe,
    builder: (yargs: Argv<RootFlags>) =>
      yargs
        .option('config', {
          type: 'string',
          requiresArg: true,
          description: 'path of the configuration file, config.yml',
        })
        .conflicts('dev', 'test')
        .check(({ config, dev, test }) => {
          if (config || dev || test) return true;
          throw new Error('required flag "config" is not set: use --config=FILE, or --dev to try it out');
        }),
    handler: async ({ config: file, dev, test }) => {
      const { loadConfig, ConfigError } = await import('#libs/config/config');
      const mode = dev ? 'development' : test ? 'test' : 'production';
      const config = loadConfig({ mode, file, env: process.env, cwd: process.cwd() });
      const faults = faultsOfHalf(config, parts);
      if (faults.length > 0) throw new ConfigError(faults);
      if (dev) warn(developmentWarning);
      config.warnings.forEach(warn);
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

function warn(text: string): void {
  console.error(styleText('yellow', text, { stream: process.stderr }));
}

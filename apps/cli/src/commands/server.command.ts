import { styleText } from 'node:util';
import type { Argv, CommandModule } from 'yargs';
import type { RootFlags } from './root-flags.ts';

interface ServerFlags extends RootFlags {
  config?: string;
}

const developmentWarning = 'DEVELOPMENT MODE: built-in keys and pass phrases, not for production.';

/** `kronus server`: API and worker in one process. */
export const serverCommand: CommandModule<RootFlags, ServerFlags> = {
  command: 'server',
  describe: 'Start a kronus server',
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
    const { loadConfig } = await import('#libs/config/config');
    const mode = dev ? 'development' : test ? 'test' : 'production';
    const config = loadConfig({ mode, file, env: process.env, cwd: process.cwd() });
    if (dev) warn(developmentWarning);
    config.warnings.forEach(warn);
    const { runServer } = await import('../server.ts');
    await runServer(config);
  },
};

function warn(text: string): void {
  console.error(styleText('yellow', text, { stream: process.stderr }));
}

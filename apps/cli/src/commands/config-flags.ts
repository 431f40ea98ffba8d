import { styleText } from 'node:util';
import type { Argv } from 'yargs';
import type { Config } from '#libs/config/config';
import type { RootFlags } from './root-flags.ts';

/** The flags of commands that work on a configured Kronus. */
export interface ConfigFlags extends RootFlags {
  config?: string;
}

/** Adds the flag of the configuration file, which is needed outside of development and test mode. */
export const withConfig = <T extends RootFlags>(yargs: Argv<T>): Argv<T & { config?: string }> =>
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
    });

/** Reads the configuration that the flags name, and prints its warnings. @throws ConfigError */
export async function readConfig({ config: file, dev, test }: ConfigFlags): Promise<Config> {
  const { loadConfig } = await import('#libs/config/config');
  const mode = dev ? 'development' : test ? 'test' : 'production';
  const config = loadConfig({ mode, file, env: process.env, cwd: process.cwd() });
  config.warnings.forEach(warn);
  return config;
}

/** Prints something that the operator should know, apart from what programs read. */
export function warn(text: string): void {
  console.error(styleText('yellow', text, { stream: process.stderr }));
}

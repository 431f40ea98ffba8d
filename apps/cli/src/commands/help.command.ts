import type { CommandModule } from 'yargs';
import type { RootFlags } from './root-flags.ts';

/** `kronus help [command]`: the same as `kronus [command] --help`. */
export const helpCommand = (
  commands: readonly string[],
  run: (args: string[]) => Promise<unknown>,
): CommandModule<RootFlags, RootFlags & { of?: string }> => ({
  command: 'help [of]',
  describe: 'Help about any command',
  builder: (yargs) => yargs.positional('of', { type: 'string', choices: commands, description: 'a command' }),
  handler: ({ of }) => run([...(of ? [of] : []), '--help']).then(() => undefined),
});

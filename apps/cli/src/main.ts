import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { build } from '#libs/config/build';
import { backupCommand } from './commands/backup.command.ts';
import { completionCommand } from './commands/completion.command.ts';
import { dbCommand } from './commands/db.command.ts';
import { helpCommand } from './commands/help.command.ts';
import type { RootFlags } from './commands/root-flags.ts';
import { apiCommand, serverCommand, workerCommand } from './commands/server.command.ts';
import { userCommand } from './commands/user.command.ts';

const commands = ['api', 'backup', 'completion', 'db', 'help', 'server', 'user', 'worker'];

/** Reads the command line and runs its command. Modules that are slow to load are imported by the handlers. */
function run(args: string[]): Promise<unknown> {
  const parser: Argv<RootFlags> = yargs(args)
    .scriptName('kronus')
    .locale('en')
    .updateStrings({ 'Commands:': 'Available Commands:', 'Options:': 'Flags:', 'Positionals:': 'Arguments:' })
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'duplicate-arguments-array': false,
    })
    .usage('Usage:\n  $0 [command]')
    .option('dev', { type: 'boolean', description: 'run in development mode' })
    .option('test', { type: 'boolean', description: 'run in test mode' })
    .option('toggle', { alias: 't', type: 'boolean', description: 'Help message for toggle' })
    .command(completionCommand)
    .command(helpCommand(commands, run))
    .command(serverCommand)
    .command(apiCommand)
    .command(workerCommand)
    .command(backupCommand)
    .command(dbCommand)
    .command(userCommand)
    .command({ command: '$0', describe: false, handler: () => void parser.showHelp('log') })
    .help('help', 'help for kronus')
    .alias('help', 'h')
    .version('version', 'version for kronus', `kronus version v${build.version}\ncommit ${build.commit}`)
    .alias('version', 'v')
    .epilogue('Use "$0 [command] --help" for more information about a command.')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .strict()
    .fail(fail);
  hideTypes(parser);
  return Promise.resolve(parser.parseAsync());
}

/** Keeps `[boolean]` and the like out of the help; the type definitions do not know this method yet. */
function hideTypes(parser: object): void {
  (parser as { usageConfiguration(options: { 'hide-types': boolean }): void }).usageConfiguration({
    'hide-types': true,
  });
}

/** Prints what is wrong, a line for each fault, and ends the process with 1. */
function fail(message: string | null, error: unknown): never {
  const faults = (error as { faults?: string[] } | undefined)?.faults;
  if (faults) for (const fault of faults) console.error(`[Error] ${fault}`);
  else if (message) console.error(`Error: ${message}\nRun "kronus --help" for usage.`);
  else console.error('[Error]', error);
  process.exit(1);
}

await run(hideBin(process.argv));

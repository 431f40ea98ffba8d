import type { Argv, CommandModule } from 'yargs';
import { type ConfigFlags, readConfig, withConfig } from './config-flags.ts';
import type { RootFlags } from './root-flags.ts';

interface NamedFlags extends ConfigFlags {
  name: string;
}

interface RestoreFlags extends NamedFlags {
  yes?: boolean;
  force?: boolean;
}

const withName = (yargs: Argv<RootFlags>) =>
  withConfig(yargs).positional('name', {
    type: 'string',
    demandOption: true,
    description: 'a backup, as `kronus backup list` names it',
  });

/** `kronus backup now|list|verify|restore`: what an operator does with backups. Needs no Temporal. */
export const backupCommand: CommandModule<RootFlags, RootFlags> = {
  command: 'backup',
  describe: 'Make, list, verify and restore backups',
  builder: (yargs) =>
    yargs
      .usage('Usage:\n  $0 backup [command]')
      .command<ConfigFlags>({
        command: 'now',
        describe: 'Make a backup now',
        builder: withConfig,
        handler: async (flags) => (await actions()).backUpNow(await readConfig(flags)),
      })
      .command<ConfigFlags & { json?: boolean }>({
        command: 'list',
        describe: 'List the backups that can be restored, newest first',
        builder: (yargs) =>
          withConfig(yargs).option('json', { type: 'boolean', description: 'print JSON, for programs' }),
        handler: async ({ json, ...flags }) =>
          (await actions()).listBackups(await readConfig(flags), { asJson: json === true }),
      })
      .command<NamedFlags>({
        command: 'verify <name>',
        describe: 'Read all of a backup and compare its checksums; touches no database',
        builder: withName,
        handler: async ({ name, ...flags }) => (await actions()).verify(await readConfig(flags), name),
      })
      .command<RestoreFlags>({
        command: 'restore <name>',
        describe: 'Put a backup in the place of the database, which is kept under another name',
        builder: (yargs) =>
          withName(yargs)
            .option('yes', { alias: 'y', type: 'boolean', description: 'do not ask' })
            .option('force', {
              type: 'boolean',
              description: 'restore even while Kronus runs: its connections are ended',
            }),
        handler: async ({ name, yes, force, ...flags }) =>
          (await actions()).restoreNamed(await readConfig(flags), name, {
            isConfirmed: yes === true,
            isForced: force === true,
          }),
      })
      .demandCommand(1, 'a command of "kronus backup" is required'),
  handler: () => undefined,
};

const actions = () => import('../backup-actions.ts');

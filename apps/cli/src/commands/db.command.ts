import type { Argv, CommandModule } from 'yargs';
import type { RootFlags } from './root-flags.ts';
import { asFault } from '../fault.ts';

interface DbFlags extends RootFlags {
  config?: string;
}

const configFlag = (yargs: Argv<RootFlags>): Argv<DbFlags> =>
  yargs.option('config', {
    type: 'string',
    requiresArg: true,
    description: 'config.yml with the addresses; the environment wins',
  });

/** Runs the handler of a subcommand; what it says of the surroundings is shown without a stack. */
const told =
  <Flags>(handler: (flags: Flags) => Promise<void>) =>
  async (flags: Flags): Promise<void> => {
    try {
      await handler(flags);
    } catch (error) {
      throw asFault(error);
    }
  };

const superuserFlag = {
  type: 'string',
  requiresArg: true,
  description: 'address of a superuser; else DATABASE_SUPERUSER_URL, else postgres@localhost with PGPASSWORD',
} as const;

const forOwnServer = ({ dev }: RootFlags) =>
  !dev || 'the server that comes along sets itself up; this is for a PostgreSQL of your own';

const setupCommand: CommandModule<RootFlags, RootFlags & { 'superuser-url'?: string }> = {
  command: 'setup',
  describe: 'Create or repair roles, database, rights and schema on your own PostgreSQL',
  builder: (yargs) => yargs.option('superuser-url', superuserFlag).check(forOwnServer),
  handler: told(async (flags) => (await import('../database/set-up.ts')).setUp(flags['superuser-url'])),
};

const dropCommand: CommandModule<RootFlags, RootFlags & { 'superuser-url'?: string; yes?: boolean }> = {
  command: 'drop',
  describe: 'Drop the database and its roles, with all data',
  builder: (yargs) =>
    yargs
      .option('superuser-url', superuserFlag)
      .check(forOwnServer)
      .option('yes', { type: 'boolean', description: 'yes, drop it' })
      .check(({ yes }) => yes || 'all data would be lost: say --yes if that is meant'),
  handler: told(async (flags) => (await import('../database/set-up.ts')).drop(flags['superuser-url'])),
};

const migrateCommand: CommandModule<RootFlags, DbFlags & { to?: string; one?: boolean }> = {
  command: 'migrate',
  describe: 'Bring the schema up to date',
  builder: (yargs) =>
    configFlag(yargs)
      .option('to', { type: 'string', requiresArg: true, description: 'only up to this migration' })
      .option('one', { type: 'boolean', description: 'only the next one' })
      .conflicts('to', 'one'),
  handler: told(async (flags) => (await import('../database/migrations.ts')).migrateUp(flags)),
};

const rollbackCommand: CommandModule<RootFlags, DbFlags & { all?: boolean; yes?: boolean }> = {
  command: 'rollback',
  describe: 'Take the newest migration back, with what only its tables hold',
  builder: (yargs) =>
    configFlag(yargs)
      .option('all', { type: 'boolean', description: 'take all of them back, which empties the database' })
      .option('yes', { type: 'boolean', description: 'yes, all of them' })
      .check(({ all, yes }) => !all || yes || 'all data would be lost: say --yes if that is meant'),
  handler: told(async (flags) => (await import('../database/migrations.ts')).migrateDown(flags)),
};

const statusCommand: CommandModule<RootFlags, DbFlags> = {
  command: 'status',
  describe: 'List the migrations, and which are applied',
  builder: configFlag,
  handler: told(async (flags) => (await import('../database/migrations.ts')).showStatus(flags)),
};

const roles = ['user', 'manager', 'admin'] as const;

const connectCommand: CommandModule<RootFlags, DbFlags & { as: (typeof roles)[number] }> = {
  command: 'connect',
  describe: 'Open psql on the database',
  builder: (yargs) =>
    configFlag(yargs).option('as', {
      choices: roles,
      default: 'user' as const,
      description: 'the role to log in as; user may only read',
    }),
  handler: told(async (flags) => (await import('../database/connect.ts')).connect(flags)),
};

/** `kronus db …`: the database and its roles. */
export const dbCommand: CommandModule<RootFlags, RootFlags> = {
  command: 'db',
  describe: 'Set up, migrate and look into the database',
  builder: (yargs) =>
    yargs
      .usage('Usage:\n  $0 db [command]')
      .command(setupCommand)
      .command(migrateCommand)
      .command(rollbackCommand)
      .command(statusCommand)
      .command(connectCommand)
      .command(dropCommand)
      .demandCommand(1, 'a command of "kronus db" is required'),
  handler: () => undefined,
};

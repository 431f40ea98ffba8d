import type { MikroORM } from '@mikro-orm/postgresql';
import type { Argv, CommandModule } from 'yargs';
import type { CreatedUserView } from '#libs/contract/user.contract';
import type { Config } from '#libs/config/config';
import { readConfig, withConfig, type ConfigFlags } from './config-flags.ts';
import type { RootFlags } from './root-flags.ts';

interface CreateFlags extends ConfigFlags {
  email: string;
  client?: string;
  role?: string;
  'first-name'?: string;
  'last-name'?: string;
  phone?: string;
  'password-stdin'?: boolean;
  'must-change-password'?: boolean;
  json?: boolean;
}

/** `kronus user …`: what an operator does with accounts, on the database itself. */
export const userCommand: CommandModule<RootFlags, RootFlags> = {
  command: 'user',
  describe: 'Manage accounts on the configured database',
  builder: (yargs) => yargs.command(createCommand).demandCommand(1, 'Name one of its commands: create'),
  handler: () => undefined,
};

/** `kronus user create`: the first account is the platform's admin; the others are created as that admin would. */
const createCommand: CommandModule<RootFlags, CreateFlags> = {
  command: 'create',
  describe: 'Create an account; the very first becomes the admin',
  builder: (yargs: Argv<RootFlags>) =>
    withConfig(yargs)
      .option('email', { type: 'string', requiresArg: true, demandOption: true, description: 'its address' })
      .option('client', {
        type: 'string',
        requiresArg: true,
        description: 'id, UUID or name of its client (the first one)',
      })
      .option('role', { type: 'string', requiresArg: true, description: 'admin, user or viewer (user)' })
      .option('first-name', { type: 'string', requiresArg: true, description: 'with the other two' })
      .option('last-name', { type: 'string', requiresArg: true, description: 'with the other two' })
      .option('phone', { type: 'string', requiresArg: true, description: 'number, like +12345678900' })
      .option('password-stdin', { type: 'boolean', description: 'read the password from standard input' })
      .option('must-change-password', {
        type: 'boolean',
        description: 'its owner has to set another password first',
      })
      .option('json', { type: 'boolean', description: 'print the account as JSON' }),
  handler: async (flags) => {
    const config = await readConfig(flags);
    const { user, hasPassword } = await create(config, flags);
    console.log(flags.json ? JSON.stringify(user) : report(user, hasPassword, config));
  },
};

async function create(config: Config, flags: CreateFlags) {
  const { readPassword } = await import('../read-password.ts');
  const password = await readPassword(flags['password-stdin'] === true);
  if (flags['password-stdin'] && password === null) throw fault('there is no password on standard input');
  const { withDatabaseUrls, withOrm } = await import('../database/with-database.ts');
  const { createUserAsOperator } = await import('#apps/api/src/main');
  const { systemClock } = await import('#libs/domain/clock');
  const given = {
    email: flags.email,
    password: password ?? undefined,
    first_name: flags['first-name'],
    last_name: flags['last-name'],
    phone_number: flags.phone,
    role: flags.role,
    must_change_password: flags['must-change-password'],
    client: flags.client,
  };
  try {
    const work = (orm: MikroORM) => createUserAsOperator({ orm, config, clock: systemClock }, given);
    const user = await withDatabaseUrls(config, (databases) => withOrm(databases, work, console.error));
    return { user, hasPassword: password !== null };
  } catch (error) {
    throw (error as { faults?: unknown }).faults ? error : fault((error as Error).message);
  }
}

const fault = (sentence: string) => Object.assign(new Error(sentence), { faults: [sentence] });

function report(user: CreatedUserView, hasPassword: boolean, { mail, publicUrl }: Config): string {
  const what = user.is_platform_admin ? "the platform's admin" : user.role;
  const lines = [
    `Created ${user.email}: account ${user.id} (${user.uuid}), ${what} of client ${user.client_id}.`,
    ...user.api_keys.map(({ key }) => `API key, shown only here: ${key}`),
  ];
  if (hasPassword) return lines.join('\n');
  const isReachable = user.phone_number !== null || mail !== null;
  lines.push(
    isReachable
      ? `It has no password. Its owner sets one at ${publicUrl}/login/forgot, by a code that they are sent.`
      : 'It has no password, and no phone to send a code to: with the API key, PUT {"password": …} to ' +
          `${publicUrl}/v1/users/${user.id}.`,
  );
  return lines.join('\n');
}

import { ConfigError, type DatabaseConfig } from '#libs/config/config';
import { DATABASE_ROLES, roleUrl, type DatabaseRole } from '#libs/db/roles';

/** The environment of a command. */
type Env = NodeJS.ProcessEnv;

/** Where the address of each role may stand: a setting, or only its password. */
const PLACES = {
  admin: {
    setting: 'adminUrl',
    variable: 'DATABASE_ADMIN_URL',
    passwords: ['ADMIN_PASSWORD', 'DB_PASSWORD'],
  },
  manager: { setting: 'url', variable: 'DATABASE_URL', passwords: ['MANAGER_PASSWORD'] },
  user: { setting: 'readOnlyUrl', variable: 'DATABASE_READ_ONLY_URL', passwords: ['USER_PASSWORD'] },
} as const;

/** The roles in the order in which they are told. */
export const ROLE_ORDER = ['manager', 'user', 'admin'] as const satisfies DatabaseRole[];

/** The variable that Kronus reads the address of a role from. */
export const variableOf = (role: DatabaseRole): string => PLACES[role].variable;

/** Which database it is: `DATABASE_NAME`, else `kronus`. @throws ConfigError */
export function databaseName(env: Env): string {
  const name = env.DATABASE_NAME || 'kronus';
  if (/^[A-Za-z0-9_-]{1,63}$/.test(name)) return name;
  throw new ConfigError(['DATABASE_NAME must be made of letters, digits, _ and -, at most 63']);
}

/** The server that `DATABASE_HOST` and `DATABASE_PORT` (or `DB_PORT`) name, this machine's at 5432 when they are not there. */
function serverOf(env: Env): string {
  const host = env.DATABASE_HOST || 'localhost';
  const port = env.DATABASE_PORT || env.DB_PORT || '5432';
  if (!/^\d{1,5}$/.test(port)) throw new ConfigError([`DATABASE_PORT must be a port, not ${port}`]);
  // A folder is that of a socket.
  return host.startsWith('/')
    ? `postgres://localhost:${port}/?host=${encodeURIComponent(host)}`
    : `postgres://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

/**
 * The address of each role that is known: the setting, else its password with the server that the environment names.
 * @throws ConfigError when the server's port is none
 */
export function givenUrls({ database }: Pick<DatabaseConfig, 'database'>, env: Env): GivenUrls {
  const url = (role: DatabaseRole): string | null => {
    const { setting, passwords } = PLACES[role];
    const password = passwords.map((name) => env[name]).find(Boolean);
    return database[setting] ?? (password ? roleUrl(serverOf(env), role, databaseName(env), password) : null);
  };
  return { admin: url('admin'), manager: url('manager'), user: url('user') };
}

/** The address of each role, where it is known. */
export type GivenUrls = Record<DatabaseRole, string | null>;

/** The fault of a role whose address nobody told. */
export function missingUrl(role: DatabaseRole): ConfigError {
  const { variable, passwords } = PLACES[role];
  return new ConfigError([
    `${variable} is required: the address of ${DATABASE_ROLES[role]} (or ${passwords[0]}, with DATABASE_HOST and DATABASE_PORT; or --dev for the server that comes along)`,
  ]);
}

/**
 * The address of a superuser: what was given, `DATABASE_SUPERUSER_URL`, else the user `DATABASE_USER` (`postgres`) of the
 * server that the environment names, whose password is `PGPASSWORD`.
 * @throws ConfigError when it is none
 */
export function superuserUrl(given: string | undefined, env: Env): string {
  const told = given || env.DATABASE_SUPERUSER_URL;
  if (!told) {
    const url = new URL(serverOf(env));
    url.username = encodeURIComponent(env.DATABASE_USER || 'postgres');
    url.pathname = '/postgres';
    return url.href;
  }
  if (URL.canParse(told) && /^postgres(ql)?:$/.test(new URL(told).protocol)) return told;
  throw new ConfigError(['DATABASE_SUPERUSER_URL must be an address that begins with postgres://']);
}

/**
 * The passwords of the three roles.
 * @throws ConfigError that names every one that is missing
 */
export function rolePasswords(env: Env): Record<DatabaseRole, string> {
  const missing: string[] = [];
  const password = (role: DatabaseRole): string => {
    const [name] = PLACES[role].passwords;
    if (!env[name]) missing.push(`${name} is required: the password of ${DATABASE_ROLES[role]}`);
    return env[name] ?? '';
  };
  const passwords = { admin: password('admin'), manager: password('manager'), user: password('user') };
  if (missing.length > 0) throw new ConfigError(missing);
  return passwords;
}

/** An address as it may be shown, with the name of its password's variable in place of the password. */
export function shownUrl(url: string, role: DatabaseRole): string {
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${DATABASE_ROLES[role]}:$${PLACES[role].passwords[0]}@${host}${pathname}${search}`;
}

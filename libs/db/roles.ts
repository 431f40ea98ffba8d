import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import { withDatabase } from './connect.ts';

/**
 * The roles of PostgreSQL that Kronus knows; each has the rights of those after it. `admin` owns databases and what is in
 * them, migrates and restores; `manager` is the service; `user` reads: backups, reports.
 */
export const DATABASE_ROLES = {
  admin: 'kronus_admin',
  manager: 'kronus_manager',
  user: 'kronus_user',
} as const;

/** One of the three, by what it is for. */
export type DatabaseRole = keyof typeof DATABASE_ROLES;

const { admin: ADMIN, manager: MANAGER, user: USER } = DATABASE_ROLES;

/** The address of `database` as one of the roles, on the server and with the options (`sslmode` …) of `server`. */
export function roleUrl(server: string, role: DatabaseRole, database: string, password: string): string {
  const { protocol, host, searchParams } = new URL(server);
  // These would win over what stands before the host.
  for (const name of ['user', 'password', 'dbname']) searchParams.delete(name);
  const options = searchParams.size > 0 ? `?${searchParams}` : '';
  const login = `${DATABASE_ROLES[role]}:${encodeURIComponent(password)}`;
  return `${protocol}//${login}@${host || 'localhost'}/${encodeURIComponent(database)}${options}`;
}

/** Any number that nothing else in the database locks. */
const ROLES_LOCK = 7_283_002;

/**
 * Creates the roles or brings them back to what they should be: attributes, passwords, who has whose rights. Idempotent.
 * Needs a superuser, or a role with CREATEROLE and CREATEDB that made them; such a one gets the rights of `kronus_admin`,
 * so that it can create a database for it.
 */
export async function createRoles(client: pg.Client, passwords: Record<DatabaseRole, string>): Promise<void> {
  await inTransaction(client, async () => {
    for (const role of ['user', 'manager', 'admin'] as const) await createRole(client, role, passwords[role]);
    for (const [what, whom] of [
      [ADMIN, MANAGER],
      [ADMIN, USER],
      [MANAGER, USER],
    ] as const) {
      if (await isMember(client, whom, what)) await client.query(`REVOKE ${what} FROM ${whom}`);
    }
    const isNew = Number(await setting(client, 'server_version_num')) >= 160_000;
    const withRights = isNew ? ' WITH INHERIT TRUE, SET TRUE' : '';
    await client.query(`GRANT ${USER} TO ${MANAGER}${withRights}`);
    await client.query(`GRANT ${MANAGER} TO ${ADMIN}${withRights}`);
    if ((await setting(client, 'is_superuser')) !== 'on')
      await client.query(`GRANT ${ADMIN} TO CURRENT_USER`);
  });
}

interface RoleRow {
  is_privileged: boolean;
}

async function createRole(client: pg.Client, role: DatabaseRole, password: string): Promise<void> {
  const name = DATABASE_ROLES[role];
  const find = `
    SELECT rolsuper OR rolreplication OR rolbypassrls AS is_privileged FROM pg_roles WHERE rolname = $1`;
  const { rows } = await client.query<RoleRow>(find, [name]);
  if (!rows[0]) await client.query(`CREATE ROLE ${name}`);
  // Only a superuser may even mention these.
  if (rows[0]?.is_privileged) await client.query(`ALTER ROLE ${name} NOSUPERUSER NOREPLICATION NOBYPASSRLS`);
  const createsDatabases = role === 'admin' ? 'CREATEDB' : 'NOCREATEDB';
  const secret = pg.escapeLiteral(scramVerifier(password));
  await client.query(`
    ALTER ROLE ${name} LOGIN INHERIT NOCREATEROLE ${createsDatabases} CONNECTION LIMIT -1
    VALID UNTIL 'infinity' PASSWORD ${secret}`);
}

async function isMember(client: pg.Client, member: string, of: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_auth_members WHERE member = $1::regrole AND roleid = $2::regrole`,
    [member, of],
  );
  return rowCount !== 0;
}

async function setting(client: pg.Client, name: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>(`SELECT current_setting($1) AS value`, [name]);
  return rows[0]!.value;
}

/**
 * Gives the three roles their rights in the database at `url`, also on what will be created there, and takes all others
 * away from them and from PUBLIC. Idempotent. Connects as `kronus_admin` or as a superuser.
 * @returns false, with nothing changed, for a database that does not belong to `kronus_admin`: the roles are not in use
 * @throws DatabaseFault when it cannot be reached or refuses
 */
export const grantRoles = (url: string): Promise<boolean> => withDatabase(url, grantOn);

/** `grantRoles` on a connection that is open already. */
export async function grantOn(client: pg.Client): Promise<boolean> {
  if ((await ownerOf(client)) !== ADMIN) return false;
  await inTransaction(client, async () => {
    const [tables, sequences] = [await owned(client, ['r', 'p', 'v', 'm', 'f']), await owned(client, ['S'])];
    const statements = [
      ...rightsInDatabase(client.escapeIdentifier(await currentDatabase(client))),
      ...(tables.length > 0 ? rightsOn('TABLE', tables) : []),
      ...(sequences.length > 0 ? rightsOn('SEQUENCE', sequences) : []),
      ...DEFAULT_RIGHTS,
    ];
    for (const statement of statements) await client.query(statement);
  });
  return true;
}

const rightsInDatabase = (database: string): string[] => [
  `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${MANAGER}, ${USER}`,
  `GRANT CONNECT ON DATABASE ${database} TO ${USER}`,
  `ALTER SCHEMA public OWNER TO ${ADMIN}`,
  `REVOKE ALL ON SCHEMA public FROM PUBLIC, ${MANAGER}, ${USER}`,
  `GRANT USAGE ON SCHEMA public TO ${USER}`,
];

const RIGHTS = {
  TABLE: { [USER]: 'SELECT', [MANAGER]: 'INSERT, UPDATE, DELETE' },
  // A backup reads where they stand; identity columns need no right of their own.
  SEQUENCE: { [USER]: 'SELECT', [MANAGER]: 'USAGE' },
} as const;

const rightsOn = (kind: keyof typeof RIGHTS, names: string[]): string[] => [
  `REVOKE ALL ON ${kind} ${names.join(', ')} FROM PUBLIC, ${MANAGER}, ${USER}`,
  ...Object.entries(RIGHTS[kind]).map(
    ([role, right]) => `GRANT ${right} ON ${kind} ${names.join(', ')} TO ${role}`,
  ),
];

const DEFAULT_RIGHTS: string[] = (['TABLE', 'SEQUENCE'] as const).flatMap((kind) => {
  const forAdmin = `ALTER DEFAULT PRIVILEGES FOR ROLE ${ADMIN} IN SCHEMA public`;
  return [
    `${forAdmin} REVOKE ALL ON ${kind}S FROM PUBLIC, ${MANAGER}, ${USER}`,
    ...Object.entries(RIGHTS[kind]).map(
      ([role, right]) => `${forAdmin} GRANT ${right} ON ${kind}S TO ${role}`,
    ),
  ];
});

/** What `kronus_admin` owns in schema public; extensions may have put things there that are not its to give. */
async function owned(client: pg.Client, kinds: string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', 'public', relname) AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relowner = $1::regrole AND relkind = ANY ($2) ORDER BY 1`,
    [ADMIN, kinds],
  );
  return rows.map((row) => row.name);
}

/** Who owns the database of the connection. */
export async function ownerOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ owner: string }>(
    `SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database()`,
  );
  return rows[0]!.owner;
}

async function currentDatabase(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(`SELECT current_database() AS name`);
  return rows[0]!.name;
}

/** All or nothing; those who do the same at the same time wait for each other. */
export async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock($1)`, [ROLES_LOCK]);
    await work();
    await client.query('COMMIT');
  } catch (error) {
    // The connection may be what broke; what PostgreSQL said first is what counts.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const ITERATIONS = 4096;

/**
 * What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803), made here so that no statement, and so no log of a server,
 * ever holds the password itself.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(prepared(password), salt, ITERATIONS, 32, 'sha256');
  const keyed = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const serverKey = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** SASLprep (RFC 4013) as far as it changes a password; every client of PostgreSQL does the same before it logs in. */
const prepared = (password: string): string =>
  password
    .replace(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g, ' ')
    // oxlint-disable-next-line no-misleading-character-class -- they are left out one by one
    .replace(/[\u00AD\u034F\u1806\u180B\u180C\u180D\u200C\u200D\u2060\uFE00-\uFE0F\uFEFF]/g, '')
    .normalize('NFKC');

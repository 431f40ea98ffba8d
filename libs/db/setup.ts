import type pg from 'pg';
import { DatabaseFault, withDatabase } from './connect.ts';
import { migrations } from './migrations/index.ts';
import {
  createRoles,
  DATABASE_ROLES,
  grantOn,
  inTransaction,
  ownerOf,
  roleUrl,
  type DatabaseRole,
} from './roles.ts';

/** Which database is set up, and by whom. */
export interface SetupOptions {
  /** Some database of the server, `postgres` as a rule, as a superuser or as a role with CREATEROLE and CREATEDB. */
  superuserUrl: string;
  database: string;
  passwords: Record<DatabaseRole, string>;
}

/**
 * Makes the roles, the database and the rights on it, without its tables, which a migration as `kronus_admin` makes.
 * Idempotent, and safe with several at once: what is there already is brought back to what it should be, and a database of
 * Kronus that belongs to somebody else (an earlier version's) becomes `kronus_admin`'s with all that is in it.
 * @returns the address of each role
 * @throws DatabaseFault when PostgreSQL refuses, or when the database holds something else
 */
export async function setUpDatabase(options: SetupOptions): Promise<Record<DatabaseRole, string>> {
  const { superuserUrl, database, passwords } = options;
  await withDatabase(superuserUrl, async (client) => {
    await createRoles(client, passwords);
    await createDatabase(client, database);
  });
  await withDatabase(withName(superuserUrl, database), async (client) => {
    await takeOver(client);
    await grantOn(client);
  });
  const url = (role: DatabaseRole) => roleUrl(superuserUrl, role, database, passwords[role]);
  return { admin: url('admin'), manager: url('manager'), user: url('user') };
}

/** The same server and login, another database. */
function withName(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

/** The database exists; another process is just making it. */
const DUPLICATES = ['42P04', '23505'];

async function createDatabase(client: pg.Client, name: string): Promise<void> {
  if (await exists(client, name)) return;
  try {
    // Not of template1, to which somebody may have added what is not Kronus'.
    await client.query(`
      CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${DATABASE_ROLES.admin} TEMPLATE template0 ENCODING 'UTF8'`);
  } catch (error) {
    if (!DUPLICATES.includes((error as { code?: string }).code ?? '')) throw error;
  }
}

async function exists(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = $1`, [name]);
  return rowCount !== 0;
}

/** How long a running Kronus may keep a table from changing its owner. */
const LOCK_LIMIT = '10s';

/** Every statement that is needed to make `kronus_admin` the owner of a database of Kronus; none when it is already. */
const OWNERS = `
  SELECT format('ALTER DATABASE %I OWNER TO ${DATABASE_ROLES.admin}', datname) AS statement
  FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) <> '${DATABASE_ROLES.admin}'
  UNION ALL
  SELECT format('ALTER %s %I.%I OWNER TO ${DATABASE_ROLES.admin}',
    CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
    'public', relname)
  FROM pg_class c
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    AND pg_get_userbyid(relowner) <> '${DATABASE_ROLES.admin}'
    -- Not what belongs to an extension, and not the sequence of a column, which follows its table.
    AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'a', 'i')
      AND (d.deptype = 'e' OR c.relkind = 'S'))
  UNION ALL
  SELECT format('ALTER ROUTINE %s OWNER TO ${DATABASE_ROLES.admin}', p.oid::regprocedure)
  FROM pg_proc p
  WHERE pronamespace = 'public'::regnamespace AND pg_get_userbyid(proowner) <> '${DATABASE_ROLES.admin}'
    AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`;

async function takeOver(client: pg.Client): Promise<void> {
  if ((await ownerOf(client)) !== DATABASE_ROLES.admin && !(await isOfKronus(client))) {
    throw new DatabaseFault(
      `The database holds tables that are not Kronus'; nothing in it was changed. Choose another name (DATABASE_NAME).`,
    );
  }
  await inTransaction(client, async () => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_LIMIT}'`);
    const { rows } = await client.query<{ statement: string }>(OWNERS);
    for (const { statement } of rows) await client.query(statement);
  });
}

/** Whether the database is empty, or what is in it began with the first migration of Kronus. */
async function isOfKronus(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ is_empty: boolean; has_record: boolean }>(`
    SELECT to_regclass('public.migrations') IS NOT NULL AS has_record, NOT EXISTS (
      SELECT FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')) AS is_empty`);
  if (rows[0]!.is_empty) return true;
  if (!rows[0]!.has_record) return false;
  const first = await client.query(`SELECT FROM public.migrations WHERE name = $1`, [migrations[0]!.name]);
  return first.rowCount !== 0;
}

/**
 * Drops the database and the three roles; done already is fine.
 * @throws DatabaseFault, with nothing changed, when the database is not `kronus_admin`'s, when somebody is connected to it,
 * or when `kronus_admin` owns others as well (a restore keeps the one before)
 */
export async function dropDatabase(superuserUrl: string, database: string): Promise<void> {
  await withDatabase(superuserUrl, async (client) => {
    const { rows } = await client.query<{ name: string; owner: string; sessions: number }>(`
      SELECT datname AS name, pg_get_userbyid(datdba) AS owner,
        (SELECT count(*)::int FROM pg_stat_activity a WHERE a.datid = d.oid) AS sessions
      FROM pg_database d ORDER BY 1`);
    const found = rows.find(({ name }) => name === database);
    if (found && found.owner !== DATABASE_ROLES.admin) {
      throw new DatabaseFault(
        `The database ${database} belongs to ${found.owner}, not to ${DATABASE_ROLES.admin}: it is not dropped.`,
      );
    }
    if (found && found.sessions > 0) {
      throw new DatabaseFault(
        `The database ${database} is in use by ${found.sessions} connection(s): stop Kronus first.`,
      );
    }
    const others = rows.filter(({ name, owner }) => owner === DATABASE_ROLES.admin && name !== database);
    if (others.length > 0) {
      const names = others.map(({ name }) => name).join(', ');
      throw new DatabaseFault(
        `${DATABASE_ROLES.admin} also owns ${names}: drop what is not needed there first.`,
      );
    }
    if (found) await client.query(`DROP DATABASE ${client.escapeIdentifier(database)}`);
    for (const role of Object.values(DATABASE_ROLES)) await client.query(`DROP ROLE IF EXISTS ${role}`);
  });
}

import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { asDatabaseFault, DatabaseFault } from './connect.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { ormConfig } from './orm.config.ts';

/** How the schema of a database stands to this version of Kronus; names in the order of their application. */
export interface SchemaState {
  applied: string[];
  /** Known to this version, not applied. */
  pending: string[];
  /** Applied, not known to this version: a newer one did. */
  unknown: string[];
}

/** Reads how the schema stands; changes nothing, so every role may. */
export async function readSchemaState(em: EntityManager): Promise<SchemaState> {
  const [record] = await em.execute<{ exists: boolean }[]>(
    `select to_regclass('public.migrations') is not null as exists`,
  );
  const rows = record!.exists
    ? await em.execute<{ name: string }[]>('select name from public.migrations order by id')
    : [];
  const applied = rows.map(({ name }) => name);
  const known = migrations.map(({ name }) => name);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

/** Whether the role of the connection may change the schema: create tables, and alter those that are there. */
export async function canMigrate(em: EntityManager): Promise<boolean> {
  const [row] = await em.execute<{ can: boolean }[]>(`
    select has_schema_privilege('public', 'create') and coalesce(
      (select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass('public.migrations')), true) as can`);
  return row!.can;
}

/** Migrations take a lock on one connection and work on another. */
const MIGRATION_CONNECTIONS = 2;

/** Does some work on the schema as the owner of the database at `url`, on connections of its own. @throws DatabaseFault */
export async function withOwner<T>(url: string, work: (orm: MikroORM) => Promise<T>): Promise<T> {
  const orm = await MikroORM.init(ormConfig(url, MIGRATION_CONNECTIONS));
  try {
    return await work(orm);
  } catch (error) {
    throw asDatabaseFault(error, url);
  } finally {
    await orm.close();
  }
}

/**
 * Makes sure, before anything is served, that the schema is what this version needs: migrates as the owner when its
 * address is known, or over `orm` when that role may. Safe with several processes at once. A schema that a newer version
 * made is served as it is, because migrations only add; `warn` gets a sentence then.
 * @throws DatabaseFault when the schema is behind and nobody here may change it
 */
export async function prepareSchema(
  orm: MikroORM,
  adminUrl: string | null,
  warn: (text: string) => void,
): Promise<void> {
  const em = orm.em.fork();
  const { pending, unknown } = await readSchemaState(em);
  if (unknown.length > 0) {
    warn(
      `The database was migrated by a newer version (${unknown.length} migration(s) that this one does not know); going on, since migrations only add.`,
    );
  }
  if (pending.length === 0) return;
  if (adminUrl !== null) await withOwner(adminUrl, (owner) => migrate(owner));
  else if (await canMigrate(em)) await migrate(orm);
  else {
    throw new DatabaseFault(
      `The database is ${pending.length} migration(s) behind this version, and its role may not change that: run "kronus db migrate" as its owner, or set DATABASE_ADMIN_URL.`,
    );
  }
}

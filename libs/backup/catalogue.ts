import type pg from 'pg';
import type { ManifestDatabase } from './manifest.ts';

/** A table as its database describes it; generated columns are left out. */
export interface Table {
  name: string;
  columns: string[];
}

/** A foreign key: `from` refers to `to`. */
export interface Reference {
  from: string;
  to: string;
}

/** What is in a database, as far as an archive holds it. Everything lies in the schema `public`. */
export interface Catalogue {
  /** In the order of their references, see `inReferenceOrder`. */
  tables: Table[];
  sequences: string[];
}

/** Quoted, and with its schema. */
export const qualified = (name: string): string => `public.${quoted(name)}`;

/** Quoted as PostgreSQL wants a name. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Reads which tables and sequences there are. */
export async function readCatalogue(client: pg.Client): Promise<Catalogue> {
  const tables = await client.query<Table>(`
    select c.relname::text as name,
           array(select a.attname::text from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                 order by a.attnum) as columns
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    order by c.relname collate "C"`);
  const references = await client.query<Reference>(`
    select distinct referring.relname::text as from, referred.relname::text as to
    from pg_constraint f
    join pg_class referring on referring.oid = f.conrelid
    join pg_class referred on referred.oid = f.confrelid
    where f.contype = 'f' and f.connamespace = 'public'::regnamespace`);
  const sequences = await client.query<{ name: string }>(`
    select relname::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'S'
    order by relname collate "C"`);
  return {
    tables: inReferenceOrder(tables.rows, references.rows),
    sequences: sequences.rows.map(({ name }) => name),
  };
}

/**
 * Puts tables behind those that they refer to, else keeps their order. In a circle the first goes first, so somebody who
 * loads by hand must drop a constraint there; a restore drops all of them for a while.
 */
export function inReferenceOrder(tables: readonly Table[], references: readonly Reference[]): Table[] {
  const waiting = [...tables];
  const ordered: Table[] = [];
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name));
    const isFree = ({ name }: Table) =>
      !references.some(({ from, to }) => from === name && to !== name && names.has(to));
    const next = Math.max(0, waiting.findIndex(isFree));
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}

/** Where sequences stand, as a manifest holds it. Not bound to the snapshot: they may be ahead of the rows, never behind. */
export async function readSequences(
  client: pg.Client,
  names: readonly string[],
): Promise<ManifestDatabase['sequences']> {
  const read: ManifestDatabase['sequences'] = [];
  for (const name of names) {
    const { rows } = await client.query<{ last_value: string; is_called: boolean }>(
      `select last_value::text, is_called from ${qualified(name)}`,
    );
    read.push({ name, ...rows[0]! });
  }
  return read;
}

/** The migrations that made the schema, oldest first; none when it was never migrated. */
export async function readMigrations(client: pg.Client): Promise<string[]> {
  const { rows: found } = await client.query(
    `select from pg_class where oid = to_regclass('public.migrations')`,
  );
  if (found.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(`select name from public.migrations order by id`);
  return rows.map(({ name }) => name);
}

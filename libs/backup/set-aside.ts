import type pg from 'pg';

/** A statement that takes something off a table, and the one that puts it back as it was. */
interface Aside {
  off: string;
  back: string;
}

// In the order in which they can go: a foreign key needs the unique index that it refers to. Primary keys stay, because
// they also say that a column is never null.
const ASIDE = `
  with tables as (
    select c.oid, format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r'
  )
  select case k.contype when 'f' then 1 else 2 end as step,
         format('alter table %s drop constraint %I', t.name, k.conname) as off,
         format('alter table %s add constraint %I %s', t.name, k.conname, pg_get_constraintdef(k.oid)) as back
  from pg_constraint k join tables t on t.oid = k.conrelid
  where k.contype in ('f', 'u') and k.conparentid = 0
  union all
  select 3, format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
  from pg_index i join tables t on t.oid = i.indrelid
  where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
  union all
  select 4, format('alter table %s disable trigger %I', t.name, g.tgname),
         format('alter table %s enable %s trigger %I', t.name, case g.tgenabled when 'A' then 'always' else '' end, g.tgname)
  from pg_trigger g join tables t on t.oid = g.tgrelid
  where not g.tgisinternal and g.tgenabled in ('O', 'A')
  order by step`;

/**
 * Takes off the tables of a database what would slow a load down (indexes), make its order matter (foreign keys) or change
 * rows (triggers). The function that it answers puts everything back, by which PostgreSQL looks at all rows.
 */
export async function setAside(client: pg.Client): Promise<() => Promise<void>> {
  const { rows } = await client.query<Aside>(ASIDE);
  for (const { off } of rows) await client.query(off);
  return async () => {
    for (const { back } of rows.toReversed()) await client.query(back);
  };
}

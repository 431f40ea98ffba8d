import pg from 'pg';
import type { ArchivedDatabase } from '#libs/backup/write-archive';

/** The databases of clients (`client_<id>`) beside the core database, as the same role; those that it may not enter are left out. */
export async function findClientDatabases(coreUrl: string): Promise<ArchivedDatabase[]> {
  const client = new pg.Client({ connectionString: coreUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      String.raw`select datname as name from pg_database
       where datname ~ '^client_\d+$' and datallowconn and has_database_privilege(oid, 'connect')
       order by datname`,
    );
    return rows.map(({ name }) => ({ name, url: withDatabase(coreUrl, name) }));
  } finally {
    await client.end();
  }
}

function withDatabase(coreUrl: string, database: string): string {
  const url = new URL(coreUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

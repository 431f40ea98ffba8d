import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type Postgres } from '#libs/embedded/postgres';
import type { DatabaseRole } from './roles.ts';
import { setUpDatabase } from './setup.ts';

/** Good enough where the password is not what is tested. */
export const PASSWORDS: Record<DatabaseRole, string> = {
  admin: 'a-secret',
  manager: 'm-secret',
  user: 'u-secret',
};

/** Runs these tests on a server of another version: a superuser of one that holds nothing and will be thrown away. */
const OTHER_SERVER = process.env['KRONUS_TEST_OTHER_POSTGRES_URL'];

/** A PostgreSQL of its own for a test file: roles belong to a whole server, and the run's is shared. */
export class RolesServer {
  private constructor(
    private readonly server: Pick<Postgres, 'port' | 'url' | 'stop'>,
    private readonly folder: string,
  ) {}

  static async start(): Promise<RolesServer> {
    const folder = mkdtempSync(join(tmpdir(), 'kronus-roles-'));
    if (OTHER_SERVER) return new RolesServer(otherServer(OTHER_SERVER), folder);
    return new RolesServer(
      await startPostgres({ dataDir: join(folder, 'postgres'), isDurable: false }),
      folder,
    );
  }

  async close(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get port(): number {
    return this.server.port;
  }

  /** The address of a database as superuser. */
  superuserUrl(database = 'postgres'): string {
    return this.server.url(database);
  }

  /** The address of a database as somebody else. */
  urlOf(user: string, password: string, database: string): string {
    const url = new URL(this.server.url(database));
    url.username = user;
    url.password = encodeURIComponent(password);
    return url.href;
  }

  setUp(database = 'kronus', passwords = PASSWORDS): Promise<Record<DatabaseRole, string>> {
    return setUpDatabase({ superuserUrl: this.superuserUrl(), database, passwords });
  }
}

const otherServer = (superuserUrl: string) => ({
  port: Number(new URL(superuserUrl).port),
  url: (database: string) =>
    Object.assign(new URL(superuserUrl), { pathname: `/${encodeURIComponent(database)}` }).href,
  stop: async () => undefined,
});

/** Runs one statement over a connection of its own. */
export async function run<Row extends pg.QueryResultRow>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** All that a migration can change about schema public, in one text: columns, constraints, indexes, code, rights, owners. */
export async function describeSchema(url: string): Promise<string[]> {
  const rows = await run<{ line: string }>(
    url,
    `WITH relations AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'migrations')
     SELECT format('%s %s owner %s rights %s', relkind, relname, pg_get_userbyid(relowner),
       (SELECT array_agg(each::text ORDER BY each::text) FROM unnest(relacl) each)) AS line FROM relations
     UNION ALL
     SELECT format('%s.%s %s %s %s default %s', r.relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
       pg_get_expr(adbin, adrelid))
     FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND attnum > 0 AND NOT attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum WHERE relkind IN ('r', 'v')
     UNION ALL
     SELECT format('%s: %s %s', r.relname, conname, pg_get_constraintdef(c.oid)) FROM relations r JOIN pg_constraint c ON conrelid = r.oid
     UNION ALL
     SELECT pg_get_indexdef(r.oid) FROM relations r WHERE relkind = 'i'
     UNION ALL
     SELECT pg_get_viewdef(r.oid) FROM relations r WHERE relkind = 'v'
     UNION ALL
     SELECT pg_get_triggerdef(t.oid) FROM relations r JOIN pg_trigger t ON tgrelid = r.oid WHERE NOT tgisinternal
     UNION ALL
     SELECT format('%s owner %s rights %s', pg_get_functiondef(p.oid), pg_get_userbyid(proowner), proacl) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
     ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}

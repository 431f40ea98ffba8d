import { dropDatabase, setUpDatabase } from '#libs/db/setup';
import { migrate } from '#libs/db/migrate';
import { DATABASE_ROLES } from '#libs/db/roles';
import { withOwner } from '#libs/db/schema-state';
import { databaseName, ROLE_ORDER, rolePasswords, shownUrl, superuserUrl, variableOf } from './addresses.ts';

const PURPOSES = {
  manager: 'the service',
  user: 'backups and reports',
  admin: 'migrates and restores; only where that is done',
} as const;

/** `kronus db setup`: roles, database, rights and schema on a PostgreSQL of one's own; tells the addresses, never a password. */
export async function setUp(superuser: string | undefined): Promise<void> {
  const { env } = process;
  const passwords = rolePasswords(env);
  const database = databaseName(env);
  const urls = await setUpDatabase({ superuserUrl: superuserUrl(superuser, env), database, passwords });
  console.log(`✓ roles ${Object.values(DATABASE_ROLES).join(', ')}`);
  console.log(`✓ database ${database}, owned by ${DATABASE_ROLES.admin}`);
  // Over the address that was just made, which so is proven.
  const applied = await withOwner(urls.admin, (orm) => migrate(orm));
  console.log(`✓ schema, ${applied.length === 0 ? 'up to date' : `${applied.length} migration(s) applied`}`);
  const lines = ROLE_ORDER.map(
    (role) =>
      `  ${variableOf(role).padEnd(23)} ${shownUrl(urls[role], role)}\n  ${''.padEnd(23)} ${PURPOSES[role]}`,
  );
  console.log(
    `\nThe addresses, for the environment of Kronus (passwords percent-encoded):\n\n${lines.join('\n')}`,
  );
}

/** `kronus db drop`: the end of the database and its roles. */
export async function drop(superuser: string | undefined): Promise<void> {
  const { env } = process;
  const database = databaseName(env);
  await dropDatabase(superuserUrl(superuser, env), database);
  console.log(
    `✓ the database ${database} and the roles ${Object.values(DATABASE_ROLES).join(', ')} are gone`,
  );
}

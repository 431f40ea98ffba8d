import { DatabaseFault } from '#libs/db/connect';
import { migrate, rollBack } from '#libs/db/migrate';
import { migrations } from '#libs/db/migrations/index';
import { canMigrate, readSchemaState, withOwner, type SchemaState } from '#libs/db/schema-state';
import type { MikroORM } from '@mikro-orm/postgresql';
import { missingUrl } from './addresses.ts';
import { openDatabase, type DatabaseFlags, type KnownDatabase } from './open.ts';

/** `kronus db migrate`: all that are pending, those up to `to`, or the next `one`. */
export async function migrateUp(flags: DatabaseFlags & { to?: string; one?: boolean }): Promise<void> {
  const { to, one } = flags;
  if (to !== undefined && !migrations.some(({ name }) => name === to)) {
    throw new DatabaseFault(`There is no migration ${to}; "kronus db status" lists them.`);
  }
  await asOwner(flags, async (orm, { pending }) => {
    const done = pending.length === 0 ? [] : await migrate(orm, { to: one ? pending[0] : to });
    tell(done, 'applied', 'Nothing to do: the schema is up to date.');
  });
}

/** `kronus db rollback`: takes the newest migration back, or all. */
export async function migrateDown(flags: DatabaseFlags & { all?: boolean }): Promise<void> {
  await asOwner(flags, async (orm, { unknown }) => {
    if (unknown.length > 0) {
      throw new DatabaseFault(
        `This version does not know ${unknown.join(', ')}, and only the version that made a migration can take it back.`,
      );
    }
    tell(await rollBack(orm, { all: flags.all }), 'taken back', 'Nothing to do: no migration is applied.');
  });
}

/** `kronus db status`: every migration, and whether it is applied. */
export async function showStatus(flags: DatabaseFlags): Promise<void> {
  await withUrls(flags, async ({ manager, user, admin }) => {
    const url = manager ?? user ?? admin;
    if (url === null) throw missingUrl('manager');
    const { applied, pending, unknown } = await withOwner(url, (orm) => readSchemaState(orm.em.fork()));
    for (const name of applied) console.log(`${unknown.includes(name) ? 'unknown' : 'applied'}  ${name}`);
    for (const name of pending) console.log(`pending  ${name}`);
    if (unknown.length > 0) console.log(`\nA newer version applied what is unknown to this one.`);
  });
}

async function withUrls(
  flags: DatabaseFlags,
  work: (urls: KnownDatabase['urls']) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(flags);
  try {
    await work(database.urls);
  } finally {
    await database.close();
  }
}

/** The owner's address, or that of a service which is its own owner. */
async function asOwner(
  flags: DatabaseFlags,
  work: (orm: MikroORM, state: SchemaState) => Promise<void>,
): Promise<void> {
  await withUrls(flags, async ({ admin, manager }) => {
    const url = admin ?? manager;
    if (url === null) throw missingUrl('admin');
    await withOwner(url, async (orm) => {
      const em = orm.em.fork();
      if (!(await canMigrate(em))) throw missingUrl('admin');
      await work(orm, await readSchemaState(em));
    });
  });
}

function tell(done: string[], how: string, nothing: string): void {
  if (done.length === 0) console.log(nothing);
  for (const name of done) console.log(`✓ ${name} ${how}`);
}

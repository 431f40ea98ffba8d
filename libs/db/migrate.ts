import type { MikroORM } from '@mikro-orm/postgresql';

/** Any number that nothing else in the database locks. */
const MIGRATION_LOCK = 7_283_001;

/** Brings the schema up to date. Safe with several processes at once: one migrates, the others wait and find it done. */
export async function migrate(orm: MikroORM): Promise<void> {
  await orm.em.fork().transactional(async (em) => {
    await em.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
    await orm.migrator.up();
  });
}

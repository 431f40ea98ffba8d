import type { MikroORM } from '@mikro-orm/postgresql';

/** Any number that nothing else in the database locks. */
const MIGRATION_LOCK = 7_283_001;

/**
 * Brings the schema up to date, or up to the migration `to`. Safe with several processes at once: one migrates, the
 * others wait and find it done.
 * @returns the names of those that this call applied, oldest first
 */
export const migrate = (orm: MikroORM, { to }: { to?: string } = {}): Promise<string[]> =>
  alone(orm, () => orm.migrator.up(to === undefined ? undefined : { to }));

/**
 * Takes the newest migration back, or all of them; what only their tables held is lost.
 * @returns the names of those that this call took back, newest first
 */
export const rollBack = (orm: MikroORM, { all = false } = {}): Promise<string[]> =>
  alone(orm, () => orm.migrator.down(all ? { to: 0 } : undefined));

function alone(orm: MikroORM, work: () => Promise<{ name: string }[]>): Promise<string[]> {
  return orm.em.fork().transactional(async (em) => {
    await em.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
    return (await work()).map(({ name }) => name);
  });
}

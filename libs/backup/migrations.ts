import { MikroORM } from '@mikro-orm/postgresql';
import { migrate } from '#libs/db/migrate';
import { migrations } from '#libs/db/migrations/index';
import { ormConfig } from '#libs/db/orm.config';
import { CORE_DATABASE } from './manifest.ts';

/** How the databases of an archive get their schema. */
export interface Migrations {
  /** The migrations that this version knows for a database (its name in archives), oldest first; undefined: no such database. */
  known(database: string): readonly string[] | undefined;
  /** Brings the database at `url` to exactly `names`, or, when left out, to all that are known. Safe to repeat. */
  run(database: string, url: string, names?: readonly string[]): Promise<void>;
}

/** The migrations of the core database. */
export const coreMigrations: Migrations = {
  known: (database) => (database === CORE_DATABASE ? migrations.map(({ name }) => name) : undefined),
  async run(_database, url, names) {
    const orm = await MikroORM.init(ormConfig(url, 2));
    try {
      if (!names) await migrate(orm);
      else if (names.length > 0) await orm.migrator.up({ migrations: [...names] });
    } finally {
      await orm.close();
    }
  },
};

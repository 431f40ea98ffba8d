import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { migrate, rollBack } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { ormConfig } from './orm.config.ts';
import type { DatabaseRole } from './roles.ts';
import { RolesServer, run } from './roles.fixture.ts';
import { prepareSchema, readSchemaState, withOwner } from './schema-state.ts';

const all = migrations.map(({ name }) => name);
let server: RolesServer;
let urls: Record<DatabaseRole, string>;
let orms: MikroORM[] = [];
beforeAll(async () => {
  server = await RolesServer.start();
  urls = await server.setUp();
});
afterAll(() => server.close());

const connect = async (url: string): Promise<MikroORM> => {
  const orm = await MikroORM.init(ormConfig(url));
  orms.push(orm);
  return orm;
};
const warnings: string[] = [];
const warn = (text: string) => void warnings.push(text);
const stateAs = async (role: DatabaseRole) => readSchemaState((await connect(urls[role])).em.fork());

beforeEach(async () => {
  warnings.length = 0;
  await withOwner(urls.admin, async (orm) => {
    await migrate(orm);
    await rollBack(orm, { all: true });
  });
});
afterEach(async () => {
  await Promise.all(orms.map((orm) => orm.close()));
  orms = [];
});

describe('readSchemaState', () => {
  it('is the same for each role, also before there is anything', async () => {
    await run(urls.admin, `drop table migrations`);
    for (const role of ['user', 'manager', 'admin'] as const) {
      expect(await stateAs(role)).toEqual({ applied: [], pending: all, unknown: [] });
    }
    await withOwner(urls.admin, (orm) => migrate(orm, { to: all[1] }));
    await run(urls.admin, `insert into migrations (name) values ('migration-29990101000000')`);
    for (const role of ['user', 'manager', 'admin'] as const) {
      expect(await stateAs(role)).toEqual({
        applied: [all[0], all[1], 'migration-29990101000000'],
        pending: all.slice(2),
        unknown: ['migration-29990101000000'],
      });
    }
    await run(urls.admin, `delete from migrations where name like '%2999%'`);
  });
});

describe('prepareSchema', () => {
  it('migrates as the owner, over connections that it closes, and only once for several processes', async () => {
    const managers = await Promise.all([1, 2, 3].map(() => connect(urls.manager)));
    await Promise.all(managers.map((orm) => prepareSchema(orm, urls.admin, warn)));
    expect(await stateAs('manager')).toEqual({ applied: all, pending: [], unknown: [] });
    const left = `select count(*)::int as count from pg_stat_activity where usename = 'kronus_admin'`;
    expect(await run(server.superuserUrl(), left)).toEqual([{ count: 0 }]);
    expect(warnings).toEqual([]);
  });

  it('does not log in as the owner when nothing is to do', async () => {
    await withOwner(urls.admin, (orm) => migrate(orm));
    await prepareSchema(await connect(urls.manager), 'postgres://nobody@127.0.0.1:1/none', warn);
  });

  it('refuses, and touches nothing, when the schema is behind and nobody here may change it', async () => {
    const orm = await connect(urls.manager);
    await expect(prepareSchema(orm, null, warn)).rejects.toThrow(
      `The database is ${all.length} migration(s) behind this version, and its role may not change that: run "kronus db migrate" as its owner, or set DATABASE_ADMIN_URL.`,
    );
    expect((await stateAs('manager')).applied).toEqual([]);
  });

  it('says why the owner cannot log in', async () => {
    const orm = await connect(urls.manager);
    const wrong = urls.admin.replace('a-secret', 'wrong');
    await expect(prepareSchema(orm, wrong, warn)).rejects.toThrow(
      `PostgreSQL at 127.0.0.1:${server.port}/kronus refuses: password authentication failed for user "kronus_admin".`,
    );
  });

  it('migrates by itself where one role does everything', async () => {
    await run(server.superuserUrl(), `create database single`);
    const orm = await connect(server.superuserUrl('single'));
    await prepareSchema(orm, null, warn);
    expect((await readSchemaState(orm.em.fork())).pending).toEqual([]);
  });

  it('goes on with a schema that a newer version made, and says so', async () => {
    await withOwner(urls.admin, (orm) => migrate(orm));
    await run(urls.admin, `insert into migrations (name) values ('migration-29990101000000')`);
    await prepareSchema(await connect(urls.manager), null, warn);
    expect(warnings).toEqual([expect.stringContaining('migrated by a newer version (1 migration(s)')]);
    await run(urls.admin, `delete from migrations where name like '%2999%'`);
  });
});

describe('ormConfig', () => {
  it('leaves it to the driver what else an address says', async () => {
    const orm = await connect(`${urls.user}?sslmode=verify-full`);
    await expect(orm.em.fork().execute('select 1')).rejects.toThrow('does not support SSL');
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { migrate, rollBack } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { describeSchema, PASSWORDS, RolesServer, run } from './roles.fixture.ts';
import { readSchemaState, withOwner } from './schema-state.ts';
import { dropDatabase, setUpDatabase } from './setup.ts';

let server: RolesServer;
beforeAll(async () => {
  server = await RolesServer.start();
});
afterAll(() => server.close());

/** What the roles are and may, apart from the salts of their passwords. */
const rolesOf = (url: string) =>
  run(
    url,
    `select rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolinherit, rolreplication, rolbypassrls, rolconnlimit,
       rolvaliduntil::text, array(select roleid::regrole::text from pg_auth_members where member = r.oid order by 1) as rights_of
     from pg_roles r where rolname like 'kronus%' order by 1`,
  );
const rightsOf = (url: string) =>
  run(
    url,
    `select datacl::text[] as database,
       (select array_agg(format('%s %s', defaclobjtype, defaclacl) order by defaclobjtype) from pg_default_acl) as defaults,
       (select nspacl::text[] from pg_namespace where nspname = 'public') as schema
     from pg_database where datname = current_database()`,
  );
const everything = async (database: string) => {
  const url = server.superuserUrl(database);
  return [await rolesOf(url), await rightsOf(url), await describeSchema(url)];
};

describe('setUpDatabase', () => {
  it('can run again, also several at once, and changes nothing but the passwords', async () => {
    await Promise.all([1, 2, 3].map(() => server.setUp()));
    const { admin } = await server.setUp();
    await withOwner(admin, (orm) => migrate(orm));
    const first = await everything('kronus');
    const changed = await server.setUp('kronus', { ...PASSWORDS, user: 'another' });
    expect(await everything('kronus')).toEqual(first);
    await expect(run(server.urlOf('kronus_user', PASSWORDS.user, 'kronus'), `select 1`)).rejects.toThrow(
      'password authentication failed',
    );
    expect(await run(changed.user, `select name from clients`)).toEqual([{ name: 'default' }]);
    expect(await run(changed.manager, `select name from clients`)).toEqual([{ name: 'default' }]);
  });

  it.each([
    `revoke select on users from kronus_user`,
    `revoke insert on users from kronus_manager`,
    `grant insert, truncate on users to kronus_user`,
    `grant select on users to public`,
    `grant create on schema public to kronus_manager, public`,
    `grant connect, temporary on database kronus to public`,
    `revoke connect on database kronus from kronus_user`,
    `revoke usage on schema public from kronus_user`,
    `revoke select on sequence users_id_seq from kronus_user`,
    `alter default privileges for role kronus_admin in schema public revoke select on tables from kronus_user`,
    `alter default privileges for role kronus_admin in schema public grant all on tables to kronus_user`,
    `alter role kronus_manager superuser replication bypassrls createdb createrole`,
    `alter role kronus_user nologin noinherit connection limit 1 valid until '2020-01-01'`,
    `revoke kronus_user from kronus_manager`,
    `revoke kronus_manager from kronus_admin; grant kronus_admin to kronus_manager`,
    `alter table users owner to postgres`,
    `alter view jobs owner to postgres`,
    `alter function record_message_event() owner to postgres`,
    `alter database kronus owner to postgres`,
    `alter schema public owner to postgres`,
  ])('mends: %s', async (damage) => {
    const { admin } = await server.setUp();
    await withOwner(admin, (orm) => migrate(orm));
    const before = await everything('kronus');
    await run(server.superuserUrl('kronus'), damage);
    expect(await everything('kronus')).not.toEqual(before);
    await server.setUp();
    expect(await everything('kronus')).toEqual(before);
  });

  it.each([
    `p@:/ss'"\\`,
    '100%',
    '%41',
    'a b\tc',
    '$1 $$ ?#[]',
    'pässwörd',
    'ﬁve\u00a0\u00ad',
    '日本語',
    '🔑',
  ])('takes %j for a password', async (password) => {
    const urls = await server.setUp('kronus', { admin: password, manager: password, user: password });
    for (const url of Object.values(urls)) {
      expect(URL.canParse(url)).toBe(true);
      await run(url, `select 1`);
      await withOwner(url, (orm) => orm.em.fork().execute('select 1'));
    }
  });

  it('takes over a database that a version without roles made as a superuser, with its data', async () => {
    const old = server.superuserUrl('old');
    await run(server.superuserUrl(), `create database old`);
    await withOwner(old, (orm) => migrate(orm, { to: migrations.at(-2)!.name }));
    await run(old, `update clients set name = 'kept'`);
    const urls = await server.setUp('old');
    const others = `select relname from pg_class where relnamespace = 'public'::regnamespace
      and pg_get_userbyid(relowner) <> 'kronus_admin'`;
    expect(await run(old, others)).toEqual([]);
    await withOwner(urls.admin, async (orm) => {
      expect(await migrate(orm)).toEqual([migrations.at(-1)!.name]);
      await rollBack(orm);
      await migrate(orm);
    });
    await run(urls.manager, `update clients set version = version + 1`);
    expect(await run(urls.user, `select name, version from clients`)).toEqual([{ name: 'kept', version: 2 }]);
    await server.setUp();
    expect(await describeSchema(urls.admin)).toEqual(await describeSchema(server.superuserUrl('kronus')));
  });

  it('leaves a database alone that holds something else', async () => {
    const url = server.superuserUrl('shop');
    await run(server.superuserUrl(), `create database shop`);
    await run(url, `create table orders (id int)`);
    const before = [await rightsOf(url), await describeSchema(url)];
    await expect(server.setUp('shop')).rejects.toThrow("The database holds tables that are not Kronus'");
    expect([await rightsOf(url), await describeSchema(url)]).toEqual(before);
  });

  it('takes over what somebody added, and copes with a name that needs quotes', async () => {
    const name = `Odd "name" %41`;
    const urls = await server.setUp(name);
    await withOwner(urls.admin, (orm) => migrate(orm));
    await run(server.superuserUrl(name), `create view of_somebody as select 1 as one`);
    await run(server.superuserUrl(name), `alter view of_somebody owner to postgres`);
    await server.setUp(name);
    expect(await run(urls.user, `select one from of_somebody`)).toEqual([{ one: 1 }]);
  });

  it('says in one sentence why not', async () => {
    const wrong = server.urlOf('postgres', 'wrong', 'postgres');
    const options = { database: 'kronus', passwords: PASSWORDS };
    await expect(setUpDatabase({ ...options, superuserUrl: wrong })).rejects.toThrow(
      `PostgreSQL at 127.0.0.1:${server.port}/postgres refuses: password authentication failed for user "postgres".`,
    );
    const nobody = wrong.replace(`:${server.port}`, ':1');
    await expect(setUpDatabase({ ...options, superuserUrl: nobody })).rejects.toThrow(
      'PostgreSQL cannot be reached at 127.0.0.1:1/postgres (ECONNREFUSED).',
    );
    await run(server.superuserUrl(), `create role weak login password 'x'`);
    await expect(
      setUpDatabase({ ...options, superuserUrl: server.urlOf('weak', 'x', 'postgres') }),
    ).rejects.toThrow('could not do it: permission denied');
  });
});

describe('dropDatabase', () => {
  beforeEach(async () => {
    const owned = await run<{ name: string }>(
      server.superuserUrl(),
      `select datname as name from pg_database where pg_get_userbyid(datdba) = 'kronus_admin'`,
    );
    for (const { name } of owned) {
      await run(server.superuserUrl(), `drop database "${name.replaceAll('"', '""')}" with (force)`);
    }
  });

  it('leaves no trace, and all can begin again, by whoever may create roles and databases', async () => {
    await server.setUp();
    await dropDatabase(server.superuserUrl(), 'kronus');
    await dropDatabase(server.superuserUrl(), 'kronus');
    expect(await rolesOf(server.superuserUrl())).toEqual([]);
    expect(await run(server.superuserUrl(), `select from pg_database where datname = 'kronus'`)).toEqual([]);

    await run(server.superuserUrl(), `create role installer login createrole createdb password 'x'`);
    const superuserUrl = server.urlOf('installer', 'x', 'postgres');
    const again = () => setUpDatabase({ superuserUrl, database: 'kronus', passwords: PASSWORDS });
    const urls = await again();
    await withOwner(urls.admin, (orm) => migrate(orm));
    await again();
    await run(urls.manager, `update clients set name = 'x'`);
    await withOwner(urls.user, async (orm) => {
      expect(await readSchemaState(orm.em.fork())).toMatchObject({ pending: [], unknown: [] });
    });
  });

  it('is refused while somebody is connected, and for what is not ours', async () => {
    const urls = await server.setUp();
    await withOwner(urls.manager, async (orm) => {
      await orm.em.fork().execute('select 1');
      await expect(dropDatabase(server.superuserUrl(), 'kronus')).rejects.toThrow(
        'The database kronus is in use by 1 connection(s): stop Kronus first.',
      );
    });
    await run(urls.admin, `create database before_restore`);
    await expect(dropDatabase(server.superuserUrl(), 'kronus')).rejects.toThrow(
      'kronus_admin also owns before_restore',
    );
    await expect(dropDatabase(server.superuserUrl(), 'postgres')).rejects.toThrow(
      'The database postgres belongs to postgres, not to kronus_admin: it is not dropped.',
    );
    expect(await run(urls.user, `select 1 as one`)).toEqual([{ one: 1 }]);
  });
});

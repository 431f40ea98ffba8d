import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate, rollBack } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { grantRoles, scramVerifier, type DatabaseRole } from './roles.ts';
import { describeSchema, RolesServer, run } from './roles.fixture.ts';
import { withOwner } from './schema-state.ts';

let server: RolesServer;
let urls: Record<DatabaseRole, string>;
beforeAll(async () => {
  server = await RolesServer.start();
  urls = await server.setUp();
  await withOwner(urls.admin, (orm) => migrate(orm));
});
afterAll(() => server.close());

const denied = /permission denied|must be (owner|superuser)/;
const addClient = `insert into clients (uuid, name, created_at) values (gen_random_uuid(), gen_random_uuid()::text, now())`;

describe('kronus_user', () => {
  it('reads every table, view and sequence, as a backup does', async () => {
    const relations = await run<{ name: string }>(
      urls.user,
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S')`,
    );
    expect(relations.length).toBeGreaterThan(30);
    for (const { name } of relations) await run(urls.user, `select * from ${name} limit 1`);
  });

  it.each([
    addClient,
    `update clients set name = 'x'`,
    `delete from clients`,
    `truncate clients cascade`,
    `select nextval('clients_id_seq')`,
    `create table mine (id int)`,
    `create temporary table mine (id int)`,
    `create schema mine`,
    `drop table clients cascade`,
    `create database mine`,
    `create role mine`,
    `set role kronus_manager`,
  ])('may not: %s', (statement) => expect(run(urls.user, statement)).rejects.toThrow(denied));
});

describe('kronus_manager', () => {
  it('reads, adds, changes and deletes', async () => {
    const [added] = await run<{ id: number }>(urls.manager, `${addClient} returning id`);
    await run(urls.manager, `update clients set version = 7 where id = ${added!.id}`);
    const read = `select version from clients where id = ${added!.id} for update`;
    expect(await run(urls.manager, read)).toEqual([{ version: 7 }]);
    await run(urls.manager, `delete from clients where id = ${added!.id}`);
    expect(await run(urls.manager, read)).toEqual([]);
  });

  it('sets off the triggers, which write into tables of their own', async () => {
    await run(
      urls.manager,
      `with person as (
         insert into users (uuid, client_id, email, role_id, created_at, updated_at)
         values (gen_random_uuid(), 1, 'tony@example.org', 2, now(), now()) returning id)
       insert into messages (uuid, user_id, kind, attempt_key, to_number, body, status, created_at, updated_at)
       select gen_random_uuid(), id, 'notice', 'a key', '+15550000001', '', 'queued', now(), now() from person`,
    );
    await run(urls.manager, `update messages set status = 'sent', status_rank = 3`);
    expect(await run(urls.user, `select status from message_events`)).toEqual([{ status: 'sent' }]);
    await run(urls.manager, `delete from users`);
  });

  it.each([
    `create table mine (id int)`,
    `create temporary table mine (id int)`,
    `alter table clients add column mine int`,
    `create index mine on clients (name)`,
    `alter table messages disable trigger all`,
    `truncate clients cascade`,
    `drop table clients cascade`,
    `create schema mine`,
    `create database mine`,
    `create role mine`,
    `set role kronus_admin`,
    `grant select on clients to public`,
  ])('may not: %s', async (statement) => {
    const before = await describeSchema(urls.admin);
    // Whoever may not grant gets a warning only.
    await run(urls.manager, statement).then(
      () => expect(statement).toContain('grant'),
      (error: Error) => expect(error.message).toMatch(denied),
    );
    expect(await describeSchema(urls.admin)).toEqual(before);
  });
});

describe('kronus_admin', () => {
  it('takes every migration back, one by one, and finds the schema of the one before; then up to the same again', async () => {
    const steps = [await describeSchema(urls.admin)];
    await withOwner(urls.admin, async (orm) => {
      expect(await rollBack(orm, { all: true })).toHaveLength(migrations.length);
      const upwards = [await describeSchema(urls.admin)];
      expect(upwards[0]).toEqual(upwards[0]!.filter((line) => line.includes('migrations_')));
      for (const { name } of migrations) {
        expect(await migrate(orm, { to: name })).toEqual([name]);
        upwards.push(await describeSchema(urls.admin));
      }
      expect(upwards.at(-1)).toEqual(steps[0]);
      for (const [index, { name }] of [...migrations.entries()].reverse()) {
        expect(await rollBack(orm)).toEqual([name]);
        expect(await describeSchema(urls.admin)).toEqual(upwards[index]);
      }
      expect(await migrate(orm)).toHaveLength(migrations.length);
      expect(await describeSchema(urls.admin)).toEqual(steps[0]);
    });
  });

  it('makes tables that the others can use at once', async () => {
    await run(urls.admin, `create table later (id int generated always as identity, kind serial, word text)`);
    await run(urls.manager, `insert into later (word) values ('hello')`);
    expect(await run(urls.user, `select id, kind, word from later`)).toEqual([
      { id: 1, kind: 1, word: 'hello' },
    ]);
    await run(urls.user, `select last_value from later_id_seq`);
    await expect(run(urls.user, `insert into later (word) values ('x')`)).rejects.toThrow(denied);
    await run(urls.admin, `drop table later`);
  });

  it.each([`create role mine`, `alter role kronus_user superuser`, `select * from pg_authid`])(
    'may not: %s',
    (statement) => expect(run(urls.admin, statement)).rejects.toThrow(denied),
  );

  it('gives a database that it makes, as a restore does, to the others too, and leaves a stranger’s alone', async () => {
    const scratch = (role: DatabaseRole) => urls[role].replace(/\/kronus$/, '/scratch');
    await run(urls.admin, `create database scratch`);
    await withOwner(scratch('admin'), (orm) => migrate(orm));
    await expect(run(scratch('user'), `select * from clients`)).rejects.toThrow(denied);
    expect(await grantRoles(scratch('admin'))).toBe(true);
    expect(await describeSchema(scratch('admin'))).toEqual(await describeSchema(urls.admin));
    await run(scratch('manager'), addClient);
    expect(await run(scratch('user'), `select count(*)::int as count from clients`)).toEqual([{ count: 2 }]);
    await expect(run(scratch('user'), addClient)).rejects.toThrow(denied);
    await run(urls.admin, `drop database scratch`);

    await run(server.superuserUrl(), `create database foreign_one`);
    const rights = `select datacl from pg_database where datname = 'foreign_one'`;
    expect(await grantRoles(server.superuserUrl('foreign_one'))).toBe(false);
    expect(await run(server.superuserUrl(), rights)).toEqual([{ datacl: null }]);
  });
});

describe('everybody else', () => {
  it('may not even connect', async () => {
    await run(server.superuserUrl(), `create role stranger login password 'x'`);
    await expect(run(server.urlOf('stranger', 'x', 'kronus'), `select 1`)).rejects.toThrow(
      'permission denied for database "kronus"',
    );
    await expect(run(server.urlOf('kronus_user', 'wrong', 'kronus'), `select 1`)).rejects.toThrow(
      'password authentication failed',
    );
  });
});

describe('scramVerifier', () => {
  it('is what PostgreSQL itself keeps of the password', async () => {
    await run(server.superuserUrl(), `create role kept login password 'pässwörd'`);
    const [row] = await run<{ kept: string }>(
      server.superuserUrl(),
      `select rolpassword as kept from pg_authid where rolname = 'kept'`,
    );
    const salt = /:(.+)\$/.exec(row!.kept)![1]!;
    expect(scramVerifier('pässwörd', Buffer.from(salt, 'base64'))).toBe(row!.kept);
  });
});

import { Readable } from 'node:stream';
import pg from 'pg';
import { ObjectNotFound, type ObjectStore, type StoredObject } from '#libs/storage/object-store';
import { testPostgresUrl } from '#libs/testing/test-servers';
import { CORE_DATABASE } from './manifest.ts';
import { coreMigrations, type Migrations } from './migrations.ts';
import { writeArchive, type ArchivedDatabase } from './write-archive.ts';

export const PASS_PHRASE = 'correct hörse "battery" staple';
export const NAME = 'kronus_dump_2026-11-25-22_20_01.tar.zst.gpg';
export const NOW = new Date('2026-11-25T22:20:01.234Z');

/** A store that holds whatever a test puts there, and hands it out in small pieces. */
export class TestStore implements ObjectStore {
  readonly place = 'the test store';
  readonly objects = new Map<string, Buffer>();
  /** How many bytes come before the way breaks. */
  breaksAfter = Infinity;

  async put(name: string, content: Readable): Promise<StoredObject> {
    const object = await bytesOf(content);
    this.objects.set(name, object);
    return { name, bytes: object.length, createdAt: NOW };
  }

  async get(name: string): Promise<Readable> {
    const object = this.objects.get(name);
    if (!object) throw new ObjectNotFound(name, this.place);
    return Readable.from(this.pieces(object));
  }

  async list(): Promise<StoredObject[]> {
    return [...this.objects].map(([name, { length: bytes }]) => ({ name, bytes, createdAt: NOW }));
  }

  async delete(name: string): Promise<void> {
    this.objects.delete(name);
  }

  private *pieces(object: Buffer): Generator<Buffer> {
    for (let at = 0; at < object.length; at += 10_000) {
      if (at >= this.breaksAfter) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      yield object.subarray(at, at + 10_000);
    }
  }
}

export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

/** An archive of databases, wholly in memory. */
export async function archiveOf(databases: readonly ArchivedDatabase[], passPhrase = PASS_PHRASE) {
  const { content, finished } = writeArchive({ databases, passPhrase, kronusVersion: '1.0.0', now: NOW });
  const object = await bytesOf(content);
  return { object, manifest: await finished };
}

/** Does some work on a connection of its own. */
export async function onDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The rows of a statement. */
export const rowsOf = <Row extends object = Record<string, unknown>>(
  url: string,
  sql: string,
): Promise<Row[]> => onDatabase(url, async (client) => (await client.query<Row>(sql)).rows);

const CLIENT_SCHEMA = `
  create table migrations (id serial primary key, name varchar(255) not null, executed_at timestamptz not null default now());
  create table odds (
    id int generated always as identity primary key,
    text text, number numeric, float float8, real real, moment timestamptz, day date, span interval, json jsonb,
    texts text[], bytes bytea, yes boolean, uuid uuid, long bigint,
    doubled numeric generated always as (number * 2) stored,
    "order" int
  );
  create table hens (id int primary key, egg_id int);
  create table eggs (id int primary key, hen_id int not null references hens (id));
  alter table hens add constraint hens_egg foreign key (egg_id) references eggs (id);
  create table keyless (value text);
  create function refuse() returns trigger language plpgsql as $$ begin raise exception 'never'; end $$;
  create trigger odds_refuse before insert on odds for each row execute function refuse();
  create sequence loose start 7 increment 3;
  insert into migrations (name) values ('client-1')`;

const CLIENT_ROWS = `
  alter table odds disable trigger odds_refuse;
  insert into odds (text) values
    (null), (''), ('"'), (''''), ('a,b'), (E'two\\nlines'), (E'\\r\\n'), ('\\.'), (E'\\\\N'), ('NULL'), (' spaces '),
    ('ünï¢ode 👍 ߷'), (E'tab\\t'), (repeat('long ', 5000));
  insert into odds (number, float, real, long) values
    ('NaN', 'NaN', 'NaN', 9223372036854775807), ('Infinity', '-Infinity', 'Infinity', -9223372036854775808),
    (12345678901234567890.12345678901234567890, 0.1, 0.1, 0), (-0.0, '-0', 1e-30, null), (1e100, 1e308, 3.4e38, 1);
  insert into odds (moment, day, span) values
    ('infinity', 'infinity', '1 year 2 mons -3 days 04:05:06.789'), ('-infinity', '-infinity', '-1 day'),
    ('4713-01-01 00:00:00+00 BC', '4713-01-01 BC', '0'), ('2026-03-29 01:59:59.999999+01', '294276-01-01', '178000000 years');
  insert into odds (json, texts, bytes, yes, uuid, "order") values
    ('{"a": [1, null, "\\u00e9\\n"], "b": {}}', array['', null, 'a"b', '{', E'x\\ny', 'NULL'], '\\x00ff0a22', true, gen_random_uuid(), 1),
    ('null', '{}', '', false, null, -1);
  alter table odds enable trigger odds_refuse;
  insert into hens (id) values (1), (2);
  insert into eggs select id, id from hens;
  update hens set egg_id = 3 - id;
  insert into keyless select 'row ' || n || repeat('x', n % 97) from generate_series(1, 5000) n;
  delete from keyless where value like '%7xxx%';
  insert into keyless select 'later ' || n from generate_series(1, 500) n;
  select nextval('loose'), nextval('loose')`;

/** A role of its own that may create databases and nothing else, and a way to drop it with all that it owns. */
export async function createOwner() {
  const name = `backup_owner_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await rowsOf(testPostgresUrl(), `create role ${name} login createdb password 'secret'`);
  const as = (url: string): string => {
    const own = new URL(url);
    own.username = name;
    own.password = 'secret';
    return own.href;
  };
  const databases = async (): Promise<string[]> => {
    const sql = `select datname::text as name from pg_database where datdba = '${name}'::regrole order by 1`;
    return (await rowsOf<{ name: string }>(testPostgresUrl(), sql)).map((row) => row.name);
  };
  const drop = async (): Promise<void> => {
    for (const each of await databases())
      await rowsOf(testPostgresUrl(), `drop database "${each}" with (force)`);
    await rowsOf(testPostgresUrl(), `drop role ${name}`);
  };
  return { name, as, databases, drop, serverUrl: as(testPostgresUrl()) };
}
export type Owner = Awaited<ReturnType<typeof createOwner>>;

/** A database of another form than Kronus's own: every kind of value, a circle of references, a trigger that would refuse. */
export async function clientDatabase(owner: Owner) {
  const database = await ownDatabase('client', owner);
  await rowsOf(database.url, CLIENT_SCHEMA);
  await rowsOf(database.url, CLIENT_ROWS);
  return database;
}

/** An empty database of a role. */
export async function ownDatabase(prefix: string, owner: Owner): Promise<{ name: string; url: string }> {
  const name = `${prefix}_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await rowsOf(owner.serverUrl, `create database ${name}`);
  return { name, url: owner.as(testPostgresUrl(name)) };
}

/** Knows the core database, and `name` as one made by `clientDatabase`. */
export const migrationsWith = (name: string): Migrations => ({
  known: (database) => (database === name ? ['client-1', 'client-2'] : coreMigrations.known(database)),
  run: async (database, url, names) => {
    if (database !== name) return coreMigrations.run(database, url, names);
    const done = await rowsOf(url, `select to_regclass('migrations') as found`);
    if (done[0]!['found'] === null) await rowsOf(url, CLIENT_SCHEMA);
    if (names) return;
    await rowsOf(url, `alter table odds add column if not exists later int`);
    await rowsOf(
      url,
      `insert into migrations (name) select 'client-2' where not exists (select from migrations where name = 'client-2')`,
    );
  },
});

const CORE_ROWS = `
  update clients set settings = '{"teams": ["a", "\\"b\\""]}';
  insert into users (uuid, client_id, email, first_name, last_name, phone_number, role_id, created_at, updated_at)
  select gen_random_uuid(), 1, 'person' || n || '@example.org', case n % 3 when 0 then null when 1 then '' else 'O''Brien "' || n end,
         E'l\\n' || n, '+1555' || lpad(n::text, 7, '0'), 2, now(), now()
  from generate_series(1, 200) n;
  insert into probe_settings (user_id, created_at, updated_at) select id, now(), now() from users;
  insert into contacts (user_id, first_name, last_name, phone_number, email, created_at, updated_at)
  select id, 'Bruce', 'Banner', '+1666' || lpad(id::text, 7, '0'), 'c@example.org', now(), now() from users;
  insert into probes (user_id, kind, due_at, status, reason, decided_at, max_retries, wait_time_in_minutes, created_at, updated_at)
  select id, 'scheduled', now(), 'good', 'replied', now(), 3, 60, now(), now() from users;
  insert into messages (uuid, user_id, probe_id, kind, attempt_key, to_number, body, status, created_at, updated_at)
  select gen_random_uuid(), p.user_id, p.id, 'check', p.id || '/' || n, '+1555', 'Are you okay? 👍', 'queued', now(), now()
  from probes p, generate_series(1, 20) n;
  update messages set status = 'sent', status_rank = 3 where id % 2 = 0;
  insert into sessions (id, user_id, token_version, created_at, expires_at)
  select gen_random_uuid(), id, 1, now(), 'infinity' from users;
  insert into audit_log (at, action, result, fields, address, request_id)
  values (now(), 'users.create', 'done', array['a', '', 'x,y'], '::1', 'r')`;

/** A migrated core database with some thousand rows. */
export async function coreDatabase(owner: Owner) {
  const database = await ownDatabase('core', owner);
  await coreMigrations.run(CORE_DATABASE, database.url);
  await rowsOf(database.url, CORE_ROWS);
  return database;
}

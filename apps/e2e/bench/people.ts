import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';
import { Wakeups } from '#libs/db/queries/wakeups';
import { createSignalSender } from '#workflows/signals.client';

/** Runs SQL with `?` for parameters. */
export interface Sql {
  sql<Row extends object>(statement: string, params?: unknown[]): Promise<Row[]>;
}

/** People to be put into the database. */
export interface PeopleOptions {
  count: number;
  /** Set for people who are watched: the tick that is due next, and the cron expression of the ones after it. */
  schedule?: { cron: string; nextTickAt: Date };
  /** Emergency contacts of each. */
  contacts?: number;
  /** What they log in with. */
  passwordHash?: string;
  /** Whether a check was sent to them and waits for their answer. */
  isAsked?: boolean;
}

/** Somebody in the database. */
export interface BenchPerson {
  id: number;
  email: string;
  phone: string;
  /** The first emergency contact's number. */
  contactPhone: string;
}

const PHONE_BASE = 12_000_000_000;
const CONTACT_PHONE_BASE = 13_000_000_000;
const CONTACTS_AT_MOST = 100;
const MINUTES_OF_DAY = 1_440;

/**
 * Puts people into the database, as the API would have, but all at once, with contacts who were told. Those with a schedule are owed the signal
 * that starts their workflow.
 */
export async function addPeople(database: Sql, options: PeopleOptions): Promise<BenchPerson[]> {
  const { count, schedule, contacts = 1, passwordHash = null, isAsked = false } = options;
  const [{ first } = { first: 1 }] = await database.sql<{ first: number }>(
    `select coalesce(max(id), 0)::int + 1 as first from users`,
  );
  const last = first + count - 1;
  await database.sql(
    `with people as (
       insert into users
         (uuid, client_id, email, password_hash, first_name, last_name, phone_number, role_id, created_at, updated_at)
       select gen_random_uuid(), 1, 'person.' || n || '@example.org', ?, 'Tony', 'Stark', '+' || (? + n), 2, now(), now()
       from generate_series(?::int, ?::int) n
       returning id
     ), settings as (
       insert into probe_settings (user_id, active, cron_expression, next_tick_at, created_at, updated_at)
       select id, ?::boolean, coalesce(?, '0 18 * * 3'), ?::timestamptz, now(), now() from people
     ), contacts as (
       insert into contacts
         (user_id, first_name, last_name, phone_number, email, is_emergency_contact, created_at, updated_at)
       select id, 'Bruce', 'Banner', '+' || (? + id::bigint * ${CONTACTS_AT_MOST} + k), 'contact.' || k || '@example.org',
              true, now(), now()
       from people cross join generate_series(0, ?::int - 1) k
       returning user_id, phone_number
     ), told as (
       insert into consents (user_id, phone_number, created_at) select user_id, phone_number, now() from contacts
     ), asked as (
       insert into probes
         (user_id, kind, due_at, status, max_retries, wait_time_in_minutes, last_asked_at, created_at, updated_at)
       select id, 'scheduled', now(), 'pending', 3, 60, now(), now(), now() from people where ?::boolean
     )
     insert into wakeups (kind, entity_id, signal, created_at)
     select 'probe', id, 'settingsChanged', now() from people where ?::boolean`,
    [
      passwordHash,
      PHONE_BASE,
      first,
      last,
      schedule !== undefined,
      schedule?.cron ?? null,
      schedule?.nextTickAt ?? null,
      CONTACT_PHONE_BASE,
      contacts,
      isAsked,
      schedule !== undefined,
    ],
  );
  const rows = await database.sql<{ id: number; email: string; phone_number: string }>(
    `select id, email, phone_number from users where id >= ? order by id`,
    [first],
  );
  return rows.map(({ id, email, phone_number }) => ({
    id,
    email,
    phone: phone_number,
    contactPhone: `+${CONTACT_PHONE_BASE + id * CONTACTS_AT_MOST}`,
  }));
}

/** A day half a year away, so that no tick falls into the measurement. */
export function farTick() {
  const now = new Date();
  const month = ((now.getUTCMonth() + 6) % 12) + 1;
  const cronAt = (number: number) => {
    const minute = number % MINUTES_OF_DAY;
    return `${minute % 60} ${Math.floor(minute / 60)} 1 ${month} *`;
  };
  const nextTickAt = new Date(
    Date.UTC(now.getUTCFullYear() + (month <= now.getUTCMonth() ? 1 : 0), month - 1, 1),
  );
  return { cron: cronAt(0), nextTickAt, cronAt };
}

/** Delivers the signals that the database owes these people's workflows, as the API does after a commit. */
export async function wakeProbes(
  orm: MikroORM,
  temporal: Client,
  userIds: readonly number[],
  atOnce = 32,
): Promise<void> {
  const failures: unknown[] = [];
  const wakeups = new Wakeups(orm, createSignalSender(temporal.workflow), (error) => failures.push(error));
  for (let index = 0; index < userIds.length; index += atOnce) {
    for (const userId of userIds.slice(index, index + atOnce)) wakeups.deliver('probe', userId);
    await wakeups.drain();
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} signals did not arrive`);
}

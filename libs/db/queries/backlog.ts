import type { EntityManager } from '@mikro-orm/postgresql';
import { ON_TIME_MS, type Backlog, type MessagePriority, type Waiting } from '#libs/domain/backlog';
import { plusMs } from '#libs/domain/clock';
import type { DeliveryStatus } from '#libs/domain/delivery';
import { IS_WANTED } from './wanted-messages.ts';

/** Moments are epoch milliseconds, null when there is none. */
interface BacklogRow {
  messages: Partial<Record<DeliveryStatus, number>> | null;
  unsent_since: Partial<Record<MessagePriority, number>> | null;
  overdue: WaitingRow;
  owed: WaitingRow;
  unhandled: WaitingRow;
  escalations: number;
  read_until: number | null;
}
interface WaitingRow {
  count: number;
  since: number | null;
}

const MESSAGES_OF_MS = 24 * 60 * 60_000;

const epochMs = (moment: string) => `(extract(epoch from ${moment}) * 1000)::float8`;
const waiting = (since: string) =>
  `jsonb_build_object('count', count(*)::int, 'since', ${epochMs(`min(${since})`)})`;

const PRIORITY = `case
    when m.kind in ('alert', 'reached_out', 'acknowledged', 'all_clear', 'nobody_reached') then 'escalation'
    when m.kind in ('follow_up', 'reply') then 'follow_up'
    else 'routine'
  end`;

// What `nextStep` of the domain answers for one person, here for everybody at once; a test compares the two.
const NEXT_STEPS = `
    select s.user_id, s.next_tick_at as due_at from probe_settings s
      where s.active and s.next_tick_at < (select due from asked)
        and not exists (select from probes p where p.user_id = s.user_id and p.status = 'pending')
    union all
    select user_id, due_at from one_off_checks where probe_id is null and cancelled_at is null
    union all
    select user_id, coalesce(last_asked_at + interval '1 millisecond' * (wait_time_in_minutes * (select minute_ms from asked)), due_at)
      from probes where status = 'pending'`;

const BACKLOG = `
  with asked as (select ?::timestamptz as recent, ?::timestamptz as due, ?::float8 as minute_ms)
  select
    (select jsonb_object_agg(status, count) from
      (select status, count(*)::int from messages where created_at > (select recent from asked) group by status) by_status) as messages,
    (select jsonb_object_agg(priority, since) from
      (select ${PRIORITY} as priority, ${epochMs('min(m.created_at)')} as since
         from messages m left join probes p on p.id = m.probe_id
         where m.status_rank < 2 and ${IS_WANTED} group by 1) unsent) as unsent_since,
    (select ${waiting('due_at')} from
      (select min(due_at) as due_at from (${NEXT_STEPS}) steps where due_at < (select due from asked) group by user_id) people) as overdue,
    (select ${waiting('created_at')} from wakeups) as owed,
    (select ${waiting('created_at')} from inbound_messages where handled_at is null) as unhandled,
    (select count(*)::int from probes
       where status in ('bad', 'unavailable') and escalation_ended_at is null) as escalations,
    (select ${epochMs('read_until')} from inbound_cursor) as read_until`;

/**
 * Reads what Kronus still has to do at `now`, in one statement that indexes keep cheap.
 * `minuteMs` is how long a minute of waiting lasts.
 */
export async function readBacklog(em: EntityManager, now: Date, minuteMs: number): Promise<Backlog> {
  const asked = [plusMs(now, -MESSAGES_OF_MS), plusMs(now, -ON_TIME_MS), minuteMs];
  const [row] = await em.execute<BacklogRow[]>(BACKLOG, asked);
  const ageMs = (since: number | null) => (since === null ? 0 : Math.max(0, now.getTime() - since));
  const waitingOf = ({ count, since }: WaitingRow): Waiting => ({ count, oldestMs: ageMs(since) });
  const unsentSince = Object.entries(row!.unsent_since ?? {});
  return {
    messages: row!.messages ?? {},
    unsentMs: Object.fromEntries(unsentSince.map(([priority, since]) => [priority, ageMs(since)])),
    overdueCycles: waitingOf(row!.overdue),
    owedSignals: waitingOf(row!.owed),
    unhandledTexts: waitingOf(row!.unhandled),
    openEscalations: row!.escalations,
    readBackMs: row!.read_until === null ? null : ageMs(row!.read_until),
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { probeWorkflowId } from '#workflows/probe/probe.contract';
import { forEachAtOnce } from '../bench/at-once.ts';
import type { Cluster } from './cluster.ts';
import type { Herd } from './herd.ts';
import type { Temper } from './ledger.ts';

const POLL_MS = 500;
const DESCRIBE_AT_ONCE = 16;
/**
 * How long workflows may be behind a record that has settled: a task that a killed worker held is given to another one
 * after ten seconds (Temporal, "Workflow Task Timeout"). One that is stuck never gets there.
 */
const WORKFLOW_LIMIT_MS = 30_000;
const MOST_BEFORE_TICK_MS = 60_000;
const ENDED_BADLY = `ExecutionStatus in ('Failed', 'Terminated', 'TimedOut', 'Canceled')`;

/** What is still to be done for a herd; nothing of it may be left in the end. */
interface Open {
  unopened: number;
  pending: number;
  unsent: number;
  escalating: number;
  owed: number;
  unhandled: number;
}

async function openWork(cluster: Cluster, { members }: Herd): Promise<Open> {
  const range = [members[0]!.id, members.at(-1)!.id];
  const [open] = await cluster.sql<Open>(
    `select
       (select count(*)::int from users u where u.id between ? and ?
          and not exists (select from probes p where p.user_id = u.id)) as unopened,
       (select count(*)::int from probes where user_id between ? and ? and status = 'pending') as pending,
       (select count(*)::int from messages where user_id between ? and ? and status in ('queued', 'sending')) as unsent,
       (select count(*)::int from probes where user_id between ? and ?
          and status in ('bad', 'unavailable') and escalation_ended_at is null) as escalating,
       (select count(*)::int from wakeups) as owed,
       (select count(*)::int from inbound_messages where handled_at is null) as unhandled`,
    [...range, ...range, ...range, ...range],
  );
  return open!;
}

/** Waits until nothing is left to do for the herd; answers what is left when the time is over. */
export async function untilSettled(cluster: Cluster, herd: Herd, limitMs: number): Promise<string[]> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    // PostgreSQL itself may be away.
    const open = await openWork(cluster, herd).catch(() => undefined);
    const left = Object.entries(open ?? { unknown: 1 }).filter(([, count]) => count > 0);
    if (left.length === 0) return [];
    if (Date.now() > deadline)
      return left.map(([what, count]) => `${count} ${what} after ${limitMs / 1_000} s`);
    await sleep(POLL_MS);
  }
}

/** Compares our record with the provider's log, and looks for workflows that failed or are stuck; answers what differs. */
export async function audit(cluster: Cluster, herd: Herd): Promise<string[]> {
  return [
    ...(await compareTexts(cluster, herd)),
    ...(await compareDecisions(cluster, herd)),
    ...(await lookAtWorkflows(cluster, herd)),
  ];
}

async function compareTexts(cluster: Cluster, { members, texts }: Herd): Promise<string[]> {
  const range = [members[0]!.id, members.at(-1)!.id];
  const rows = await cluster.sql<{ provider_sid: string | null; status: string }>(
    `select provider_sid, status from messages where user_id between ? and ? and status not in ('canceled')`,
    range,
  );
  const recorded = new Set(rows.map(({ provider_sid }) => provider_sid));
  const sent = texts.filter(({ direction }) => direction === 'outbound');
  const sids = new Set(sent.map(({ sid }) => sid));
  const strangers = sent.filter(({ sid }) => !recorded.has(sid)).length;
  const ghosts = rows.filter(({ provider_sid }) => !provider_sid || !sids.has(provider_sid)).length;

  const said = texts.filter(({ direction }) => direction === 'inbound').map(({ sid }) => sid);
  const heard = await cluster.sql(`select 1 from inbound_messages where provider_sid in (?)`, [said]);
  const unheard = said.length - heard.length;
  return [
    ...(strangers > 0 ? [`${strangers} texts went out that are not on record`] : []),
    ...(ghosts > 0 ? [`${ghosts} messages are on record as sent that the provider does not know`] : []),
    ...(unheard > 0 ? [`${unheard} texts of phones were never learned`] : []),
  ];
}

/** What each person's one probe must have come to. */
const ENDS: Record<Temper, string> = {
  yes: 'good/replied',
  unclear: 'good/replied',
  no: 'bad/replied',
  silent: 'unavailable/no_reply',
};

async function compareDecisions(cluster: Cluster, { members }: Herd): Promise<string[]> {
  const rows = await cluster.sql<{ user_id: number; ended: string; active: boolean }>(
    `select p.user_id, p.status || '/' || p.reason as ended, s.active
     from probes p join probe_settings s on s.user_id = p.user_id where p.user_id between ? and ?`,
    [members[0]!.id, members.at(-1)!.id],
  );
  const byPerson = Map.groupBy(rows, ({ user_id }) => user_id);
  return members.flatMap(({ id, temper }) => {
    const [probe, ...more] = byPerson.get(id) ?? [];
    const isGood = temper === 'yes' || temper === 'unclear';
    if (more.length === 0 && probe?.ended === ENDS[temper] && probe.active === isGood) return [];
    return [`person ${id} (${temper}): ${1 + more.length} probes, ${probe?.ended}, active ${probe?.active}`];
  });
}

async function lookAtWorkflows({ temporal }: Cluster, { members, dueAt }: Herd): Promise<string[]> {
  const faults: string[] = [];
  const since = new Date(dueAt - MOST_BEFORE_TICK_MS).toISOString();
  const { count } = await temporal.workflow.count(`${ENDED_BADLY} and StartTime >= '${since}'`);
  if (count > 0) faults.push(`${count} workflows ended badly`);
  const deadline = Date.now() + WORKFLOW_LIMIT_MS;
  await forEachAtOnce(members, DESCRIBE_AT_ONCE, async ({ id, temper }) => {
    const wanted = temper === 'yes' || temper === 'unclear' ? 'RUNNING' : 'COMPLETED';
    for (;;) {
      const { status, raw } = await temporal.workflow.getHandle(probeWorkflowId(id)).describe();
      const isInActivity = (raw.pendingActivities?.length ?? 0) > 0;
      if (status.name === wanted && !isInActivity) return;
      if (Date.now() > deadline) {
        faults.push(
          `the workflow of person ${id} is ${status.name}${isInActivity ? ', in an activity' : ''}`,
        );
        return;
      }
      await sleep(POLL_MS);
    }
  });
  return faults;
}

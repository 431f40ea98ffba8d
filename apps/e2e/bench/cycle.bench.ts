import type { Say } from '#libs/embedded/progress';
import type { Figure, SectionResult } from './figures.ts';
import { addPeople } from './people.ts';
import type { Rig } from './rig.ts';
import { allAsleep, historyOf } from './workflow-watch.ts';

const CYCLES = 5;
const MS_BETWEEN_TICKS = 2_000;
const CYCLE_LIMIT_MS = 20_000;

/** Events of a history that Temporal Cloud bills one action for (Temporal, "Temporal Cloud Actions"). */
const BILLED = new Set([
  'WORKFLOW_EXECUTION_STARTED',
  'WORKFLOW_EXECUTION_SIGNALED',
  'ACTIVITY_TASK_SCHEDULED',
  'TIMER_STARTED',
  // Local activities of one workflow task count as one.
  'MARKER_RECORDED',
]);

/** What one quiet cycle costs Temporal: the tick, the check-in, the "yes" and the next sleep. */
export async function measureCycle(rig: Rig, say: Say): Promise<SectionResult> {
  const [person] = await addPeople(rig, {
    count: 1,
    schedule: { cron: '* * * * *', nextTickAt: new Date(Date.now() + MS_BETWEEN_TICKS) },
  });
  const { id, phone } = person!;
  await tickFaster(rig, id);
  await rig.wake([id]);

  // The first cycle begins with the start of the workflow, which the others do not have.
  const lengths: number[] = [];
  for (let cycle = 0; cycle <= CYCLES; cycle++) {
    say(`cycle ${cycle} of ${CYCLES}`);
    await rig.phones.phone(phone).receives('are you okay', { withinMs: CYCLE_LIMIT_MS });
    await rig.phones.phone(phone).replies('yes');
    await rig.phones.phone(phone).receives('👍');
    await allAsleep(rig, [id], CYCLE_LIMIT_MS);
    lengths.push((await historyOf(rig, id)).length);
  }
  await rig.sql(`drop trigger bench_fast_ticks on probe_settings`);
  const events = (await historyOf(rig, id)).map(({ type }) => type);
  const [before, after] = [lengths[0]!, lengths.at(-1)!];
  const oneCycle = events.slice(lengths.at(-2), after);
  const billed = events.slice(before, after).filter((type) => BILLED.has(type)).length;

  const figures: Figure[] = [
    { name: 'history events', value: (after - before) / CYCLES, unit: 'a cycle', target: { atMost: 18 } },
    { name: 'actions that Temporal Cloud bills', value: billed / CYCLES, unit: 'a cycle' },
  ];
  return { figures, details: { cycles: CYCLES, oneCycle } };
}

/** Makes a person's next tick come seconds after the one before, whatever the cron says: nothing else changes. */
async function tickFaster(rig: Rig, userId: number): Promise<void> {
  await rig.sql(
    `create or replace function bench_fast_ticks() returns trigger language plpgsql as $$
     begin
       new.next_tick_at := date_trunc('milliseconds', clock_timestamp()) + interval '${MS_BETWEEN_TICKS} milliseconds';
       return new;
     end $$`,
  );
  await rig.sql(
    `create trigger bench_fast_ticks before update of next_tick_at on probe_settings
     for each row when (new.user_id = ${userId} and new.next_tick_at is not null) execute function bench_fast_ticks()`,
  );
}

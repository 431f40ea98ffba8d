import { statSync } from 'node:fs';
import type { Say } from '#libs/embedded/progress';
import type { SectionResult } from './figures.ts';
import { farTick, addPeople } from './people.ts';
import { memoryOf } from './processes.ts';
import type { Rig } from './rig.ts';
import { allDelivered, runningProbes } from './workflow-watch.ts';

const KIB = 1_024;
const START_LIMIT_MS_PER_PERSON = 100;
const WAKE_AT_ONCE = 1_000;

/** What people cost who are asleep until a tick far away: memory of each part, and bytes in both databases. */
export async function measureSleepers(rig: Rig, say: Say, count: number): Promise<SectionResult> {
  const before = await sizes(rig);
  const people = await addPeople(rig, { count, schedule: farTick() });
  const startedAt = new Date();
  for (let index = 0; index < count; index += WAKE_AT_ONCE) {
    say(`${index} of ${count} workflows started`);
    await rig.wake(people.slice(index, index + WAKE_AT_ONCE).map(({ id }) => id));
  }
  const limitMs = 60_000 + count * START_LIMIT_MS_PER_PERSON;
  await allDelivered(rig, limitMs);
  await rig.until('every workflow runs', limitMs, async () => (await runningProbes(rig, startedAt)) >= count);
  const seconds = (Date.now() - startedAt.getTime()) / 1_000;
  const memory = memoryOf(rig);
  const after = await sizes(rig);
  const perPerson = (bytes: number) => bytes / count / KIB;
  const name = `${count.toLocaleString('en')} asleep`;
  return {
    figures: [
      { name: `${name}: started`, value: count / seconds, unit: '/s' },
      { name: `${name}: Kronus, ${memory.kind}`, value: memory.mib.kronus ?? 0, unit: 'MiB' },
      { name: `${name}: Temporal, ${memory.kind}`, value: memory.mib.temporal ?? 0, unit: 'MiB' },
      { name: `${name}: PostgreSQL, ${memory.kind}`, value: memory.mib.postgres ?? 0, unit: 'MiB' },
      {
        name: `${name}: PostgreSQL on disk`,
        value: perPerson(after.postgres - before.postgres),
        unit: 'KiB each',
      },
      {
        name: `${name}: Temporal on disk`,
        value: perPerson(after.temporal - before.temporal),
        unit: 'KiB each',
      },
    ],
    details: { count, seconds, before, after, memory },
  };
}

/** Bytes of both databases on disk, the write-ahead log of Temporal's included. */
export async function sizes(rig: Rig): Promise<{ postgres: number; temporal: number }> {
  const [row] = await rig.sql<{ bytes: string }>(`select pg_database_size(current_database()) as bytes`);
  const files = [rig.temporalFile, `${rig.temporalFile}-wal`];
  const temporal = files.reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  return { postgres: Number(row!.bytes), temporal };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Say } from '#libs/embedded/progress';
import type { SectionResult } from './figures.ts';
import { memoryOf, type Part } from './processes.ts';
import type { Rig } from './rig.ts';

const REST_MS = 10_000;
const NAMES: Record<Part, string> = {
  kronus: 'Kronus (API and worker)',
  temporal: 'Temporal',
  postgres: 'PostgreSQL, all its processes',
  simulator: 'Twilio simulator',
};

/** The memory of every part, a while after the start. */
export async function measureMemory(rig: Rig, say: Say): Promise<SectionResult> {
  say('letting everything come to rest');
  await sleep(REST_MS);
  const memory = memoryOf(rig);
  const parts = Object.entries(memory.mib) as [Part, number][];
  const sum = parts.reduce((total, [, mib]) => total + mib, 0);
  return {
    figures: [
      ...parts.map(([part, value]) => ({ name: `${NAMES[part]}, ${memory.kind}`, value, unit: 'MiB' })),
      { name: 'all of it', value: sum, unit: 'MiB' },
    ],
    details: memory,
  };
}

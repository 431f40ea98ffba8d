import { hashPassword } from '#libs/security/password';
import type { Say } from '#libs/embedded/progress';
import { spreadOf, type SectionResult, type Spread } from './figures.ts';
import { addPeople } from './people.ts';
import type { Rig } from './rig.ts';

const TRIES = 200;
const WARM_UP = 20;
/** What the medians may differ by, as a part of the larger one: less than they differ from run to run. */
const MOST_DIFFERENCE = 0.1;

/**
 * Whether the time of a refused log-in tells if the account exists: a wrong password for a known address and any for an
 * unknown one, in turn, one at a time, so that both kinds see the same machine.
 */
export async function measureLogin(rig: Rig, say: Say): Promise<SectionResult> {
  const passwordHash = await hashPassword('very-secure');
  const [person] = await addPeople(rig, { count: 1, contacts: 0, passwordHash });
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let attempt = -WARM_UP; attempt < TRIES; attempt++) {
    if (attempt % 20 === 0) say(`${Math.max(0, attempt)} of ${TRIES} tries`);
    // Which of the two comes first takes turns, too.
    const kinds = attempt % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const kind of kinds) {
      const email = kind === 'known' ? person!.email : `nobody.${attempt + WARM_UP}@example.org`;
      const ms = await refusedLogin(rig, email);
      if (attempt >= 0) times[kind].push(ms);
    }
  }
  const [known, unknown] = [spreadOf(times.known), spreadOf(times.unknown)];
  return { figures: figuresOf(known, unknown), details: { known, unknown } };
}

function figuresOf(known: Spread, unknown: Spread) {
  const difference = Math.abs(known.p50 - unknown.p50) / Math.max(known.p50, unknown.p50);
  return [
    { name: 'refused, known address · median', value: known.p50, unit: 'ms' },
    { name: 'refused, unknown address · median', value: unknown.p50, unit: 'ms' },
    { name: 'difference', value: 100 * difference, unit: '%', target: { atMost: 100 * MOST_DIFFERENCE } },
  ];
}

async function refusedLogin(rig: Rig, email: string): Promise<number> {
  const since = performance.now();
  const response = await fetch(`${rig.url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password: 'wrong' }),
  });
  await response.arrayBuffer();
  const ms = performance.now() - since;
  if (response.status !== 401) throw new Error(`a wrong password was answered with ${response.status}`);
  return ms;
}

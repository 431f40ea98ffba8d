import type { Say } from '#libs/embedded/progress';
import { forEachAtOnce } from './at-once.ts';
import { spreadOf, type Figure, type SectionResult, type Spread } from './figures.ts';
import { signedText } from './http.routes.ts';
import { addPeople } from './people.ts';
import { temporalPid } from './processes.ts';
import type { Rig } from './rig.ts';
import { allDelivered } from './workflow-watch.ts';

const CONNECTIONS = [1, 16, 64] as const;
const REPLIES = 640;
const AT_MOST_P99_MS = 100;
const CATCH_UP_LIMIT_MS = 180_000;

/**
 * How long a deciding "yes" takes from the webhook to the answer, which comes after the commit: with Temporal, and with
 * a Temporal that hangs. Afterwards every workflow must have learned of it.
 */
export async function measureReplies(rig: Rig, say: Say): Promise<SectionResult> {
  const up = await allLoads(rig, (connections) => say(`Temporal up: ${connections} connections`));
  await allDelivered(rig, CATCH_UP_LIMIT_MS);

  const pid = temporalPid(rig);
  if (pid === undefined) throw new Error('the process of Temporal was not found');
  let down: Spread[];
  process.kill(pid, 'SIGSTOP');
  try {
    down = await allLoads(rig, (connections) => say(`Temporal hangs: ${connections} connections`));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const since = performance.now();
  say('catching up');
  await allDelivered(rig, CATCH_UP_LIMIT_MS);
  const catchUpSeconds = (performance.now() - since) / 1_000;

  return {
    figures: [
      ...figuresOf('Temporal up', up),
      ...figuresOf('Temporal hangs', down),
      { name: 'signals owed meanwhile, all delivered after', value: catchUpSeconds, unit: 's' },
    ],
    details: { replies: REPLIES, up, down, catchUpSeconds },
  };
}

async function allLoads(rig: Rig, onLoad: (connections: number) => void): Promise<Spread[]> {
  const spreads: Spread[] = [];
  for (const connections of CONNECTIONS) {
    onLoad(connections);
    spreads.push(await replyAll(rig, connections));
  }
  return spreads;
}

/** Lets so many people answer "yes", so many at once; durations in milliseconds. */
async function replyAll(rig: Rig, atOnce: number): Promise<Spread> {
  const people = await addPeople(rig, { count: REPLIES, isAsked: true });
  const durations: number[] = [];
  await forEachAtOnce(people, atOnce, async ({ phone }) => {
    const { path, headers, body } = signedText(rig, phone, 'yes');
    const since = performance.now();
    const response = await fetch(rig.url + path, { method: 'POST', headers, body });
    const text = await response.text();
    durations.push(performance.now() - since);
    if (response.status !== 200 || !text.includes('👍')) throw new Error(`a reply got ${response.status}`);
  });
  return spreadOf(durations);
}

const figuresOf = (state: string, spreads: Spread[]): Figure[] =>
  spreads.map(({ p50, p99 }, index) => ({
    name: `"yes" to durable · ${state} · ${CONNECTIONS[index]} conn. · p99 (p50 ${p50.toFixed(1)})`,
    value: p99,
    unit: 'ms',
    target: { atMost: AT_MOST_P99_MS },
  }));

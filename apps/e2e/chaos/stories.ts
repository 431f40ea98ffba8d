import { setTimeout as sleep } from 'node:timers/promises';
import { PART_NAMES, type Cluster, type PartName } from './cluster.ts';
import type { Herd } from './herd.ts';
import type { Random } from './random.ts';

/** What an attack works with. */
export interface Battle {
  cluster: Cluster;
  herd: Herd;
  random: Random;
  /** How long something that was killed stays away, in milliseconds: from one second to what the run allows. */
  downMs(): number;
  /** How long the provider is at fault, in milliseconds. */
  faultMs: number;
}

/** One kind of trouble in the middle of a herd. */
export interface Story {
  name: string;
  /** What happens, for the report. */
  title: string;
  /** Whether some people of the herd never answer. */
  hasSilent?: true;
  /** Ends when everything that was broken is whole again. */
  attack(battle: Battle): Promise<void>;
}

const kills = (name: string, title: string, ...parts: PartName[]): Story => ({
  name,
  title: `SIGKILL of ${title}`,
  attack: ({ cluster, downMs }) => cluster.knockOut(parts, downMs()),
});

const provider = (name: string, title: string, order: Record<string, unknown>): Story => ({
  name,
  title,
  attack: ({ cluster, faultMs }) => during(cluster, faultMs, order),
});

const CALLBACKS = ['first', 'duplicate', 'late', 'reorder', 'none'] as const;

/** Every kind of trouble, each in a story of its own; the soak is all of them at once. */
export const STORIES: readonly Story[] = [
  kills('api', 'both APIs; phones answer in vain', 'api-1', 'api-2'),
  kills('worker', 'both workers', 'worker-1', 'worker-2'),
  kills('one-of-each', 'one API and one worker of two', 'api-1', 'worker-1'),
  kills('temporal', 'Temporal', 'temporal'),
  kills('postgres', 'PostgreSQL', 'postgres'),
  { ...kills('everything', 'everything at once', ...PART_NAMES), hasSilent: true },
  provider('provider-500', 'the provider answers 500', { kind: 'error', status: 500, on: 'any' }),
  provider('provider-429', 'the provider answers 429', { kind: 'error', status: 429, on: 'any' }),
  provider('provider-429-wait', 'the provider answers 429 with Retry-After', {
    kind: 'error',
    status: 429,
    retryAfter: 3,
    on: 'any',
  }),
  provider('provider-hang', 'the provider does not answer', { kind: 'hang', on: 'any' }),
  provider('provider-drop', 'the provider takes texts and drops the connection', { kind: 'drop' }),
  {
    name: 'callbacks',
    title: 'delivery reports first, twice, late, in disorder, never',
    attack: async ({ cluster, herd, random, faultMs }) => {
      const orders = herd.members.map(({ phone }) => ({
        kind: `callback-${random.pick(CALLBACKS)}`,
        to: phone,
        delayMs: random.between(0, 2_000),
      }));
      const ends = await Promise.all(orders.map((order) => cluster.orderFault(order)));
      await sleep(faultMs);
      await Promise.all(ends.map((end) => end()));
    },
  },
];

/** All at once: parts die one after the other and together while the provider is at fault in changing ways. */
export const SOAK: Story = {
  name: 'soak',
  title: 'all of it, in any order',
  hasSilent: true,
  attack: async (battle) => {
    await Promise.all([killAtRandom(battle), disturbProvider(battle)]);
    await battle.cluster.revive(...PART_NAMES);
  },
};

const SOAK_KILLS = 4;

async function killAtRandom({ cluster, random, downMs }: Battle): Promise<void> {
  for (let left = SOAK_KILLS; left > 0; left--) {
    const victims = [...new Set([random.pick(PART_NAMES), random.pick(PART_NAMES)])];
    await cluster.knockOut(victims, downMs());
    await sleep(random.between(0, 2_000));
  }
}

const SOAK_FAULTS: Record<string, unknown>[] = [
  { kind: 'error', status: 500, on: 'any' },
  { kind: 'error', status: 429, retryAfter: 2 },
  { kind: 'hang', on: 'any' },
  { kind: 'drop' },
  ...CALLBACKS.map((kind) => ({ kind: `callback-${kind}`, delayMs: 1_500 })),
];

async function disturbProvider({ cluster, random, faultMs }: Battle): Promise<void> {
  for (let left = SOAK_KILLS; left > 0; left--) {
    await during(cluster, random.between(1_000, faultMs), random.pick(SOAK_FAULTS));
    await sleep(random.between(0, 1_000));
  }
}

async function during(cluster: Cluster, ms: number, order: Record<string, unknown>): Promise<void> {
  const end = await cluster.orderFault(order);
  await sleep(ms);
  await end();
}

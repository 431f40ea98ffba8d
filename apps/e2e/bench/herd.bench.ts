import { setTimeout as sleep } from 'node:timers/promises';
import type { Say } from '#libs/embedded/progress';
import type { PhoneMessage } from '#libs/testing/phone';
import { alarm, type Alarm } from './alarm.ts';
import { mostWithin, spreadOf, type Figure, type SectionResult, type Spread } from './figures.ts';
import { forEachAtOnce } from './at-once.ts';
import { addPeople, type BenchPerson } from './people.ts';
import { cpuBetween, cpuTimeOf, memoryOf } from './processes.ts';
import type { Rig } from './rig.ts';
import { sizes } from './sleepers.bench.ts';
import { TextLog, timeOf } from './text-log.ts';
import { allAsleep, allDelivered, runningProbes } from './workflow-watch.ts';

const MINUTE_MS = 60_000;
const SETUP_MS = 6_000;
const SETUP_PER_PERSON_MS = 30;
const HERD_LIMIT_MS = 60_000;
const HERD_LIMIT_PER_PERSON_MS = 50;
const PHONES_AT_ONCE = 32;
const ALARMS = 5;
/** A quiet alarm needs a moment of its own before the second herd. */
const QUIET_ALARMS_MS = 15_000;
const POLL_MS = 100;

/** How the texts of one tick went out. */
interface HerdRun {
  lost: number;
  /** Texts beyond one for each person, or before the tick. */
  doubled: number;
  perSecond: number;
  /** The most texts in any second. */
  mostInASecond: number;
  /** From the tick to the moment in which the simulator accepted the text. */
  delaysMs: Spread;
  /** CPU time that each part used from the tick to the last text, in seconds. */
  cpuSeconds: Record<string, number>;
}

/**
 * Everybody's tick is the same minute: how fast the check-ins go out, how fast everybody's "yes" is taken in, and in a
 * second herd how long an alarm waits behind the others. Times are those of the simulator's own log.
 */
export async function measureHerd(rig: Rig, say: Say, count: number): Promise<SectionResult> {
  const firstTick = wholeMinuteAfter(Date.now() + SETUP_MS + count * SETUP_PER_PERSON_MS);
  const secondTick = firstTick + Math.ceil(count / 500) * MINUTE_MS;
  const log = new TextLog(rig.phones);
  await log.pull();
  const { people, startsPerSecond } = await setUpHerd(rig, say, count, firstTick, secondTick);
  const asleepMemory = memoryOf(rig);

  const first = await watchHerd(rig, log, people, firstTick, say);
  say(`${count} phones answer yes`);
  const answers = await answerAll(rig, people, firstTick);
  if (Date.now() > secondTick) throw new Error('the answers took longer than the time to the second herd');

  const quietAlarms: Alarm[] = [];
  if (secondTick - Date.now() > QUIET_ALARMS_MS) {
    say('alarms at rest');
    for (const person of await addPeople(rig, { count: ALARMS, isAsked: true })) {
      quietAlarms.push(await alarm(rig, person));
    }
  }

  const patients = await addPeople(rig, { count: ALARMS, isAsked: true });
  const alarms: Promise<Alarm>[] = [];
  const second = await watchHerd(rig, log, people, secondTick, say, (share) => {
    // Spread over the first two thirds, when the queue is longest.
    if (alarms.length < ALARMS && share > (0.1 + alarms.length * 0.6) / ALARMS) {
      alarms.push(alarm(rig, patients[alarms.length]!));
    }
  });
  const busyAlarms = await Promise.all(alarms);

  const figures: Figure[] = [
    ...herdFigures('', first, 100),
    { name: '"yes" taken in: all good and asleep again', value: answers.perSecond, unit: '/s' },
    { name: '"yes" webhook, p99', value: answers.webhooksMs.p99, unit: 'ms' },
    ...herdFigures('second herd: ', second),
    { name: 'alarm behind the second herd, median', value: medianMs(busyAlarms), unit: 'ms' },
    ...(quietAlarms.length > 0
      ? [{ name: 'alarm at rest, median', value: medianMs(quietAlarms), unit: 'ms' }]
      : []),
    { name: 'workflows started', value: startsPerSecond, unit: '/s' },
    { name: `Kronus with ${count} people asleep`, value: asleepMemory.mib.kronus ?? 0, unit: 'MiB' },
  ];
  return { figures, details: { count, first, answers, second, busyAlarms, quietAlarms, asleepMemory } };
}

function herdFigures(
  prefix: string,
  { lost, doubled, perSecond, delaysMs }: HerdRun,
  target?: number,
): Figure[] {
  const none = { target: { atMost: 0 }, isMust: true } as const;
  return [
    {
      name: `${prefix}check-ins`,
      value: perSecond,
      unit: '/s',
      ...(target === undefined ? {} : { target: { atLeast: target } }),
    },
    { name: `${prefix}first after the tick`, value: delaysMs.min / 1_000, unit: 's' },
    { name: `${prefix}p50`, value: delaysMs.p50 / 1_000, unit: 's' },
    { name: `${prefix}p99`, value: delaysMs.p99 / 1_000, unit: 's' },
    { name: `${prefix}last`, value: delaysMs.max / 1_000, unit: 's' },
    { name: `${prefix}lost`, value: lost, unit: '', ...none },
    { name: `${prefix}doubled`, value: doubled, unit: '', ...none },
  ];
}

/** One tick of so many people, and nothing else: how the rate and the lateness change with the size of the herd. */
export async function measureTick(rig: Rig, say: Say, count: number): Promise<SectionResult> {
  let before = { postgres: 0 };
  const run = await runHerd(rig, say, count, async () => void (before = await sizes(rig)));
  const bytes = (await sizes(rig)).postgres - before.postgres;
  const memory = memoryOf(rig);
  const prefix = `${count.toLocaleString('en')} people: `;
  const cpu = Object.entries(run.cpuSeconds)
    .filter(([part]) => part !== 'bench' && part !== 'others')
    .map(([part, seconds]) => ({
      name: `${prefix}CPU of ${part}`,
      value: (seconds / count) * 1_000,
      unit: 'ms a check-in',
    }));
  return {
    figures: [
      ...herdFigures(prefix, run),
      ...cpu,
      { name: `${prefix}PostgreSQL on disk`, value: bytes / count / 1_024, unit: 'KiB a check-in' },
      { name: `${prefix}memory of Kronus, ${memory.kind}`, value: memory.mib.kronus ?? 0, unit: 'MiB' },
    ],
    details: { count, run, memory },
  };
}

/** Sets so many people up, and watches their tick. */
export async function runHerd(
  rig: Rig,
  say: Say,
  count: number,
  onReady: () => Promise<void> = async () => undefined,
): Promise<HerdRun> {
  const tick = wholeMinuteAfter(Date.now() + SETUP_MS + count * SETUP_PER_PERSON_MS);
  const log = new TextLog(rig.phones);
  await log.pull();
  const { people } = await setUpHerd(rig, say, count, tick);
  await onReady();
  return watchHerd(rig, log, people, tick, say);
}

/** Adds people who are due at these minutes, and waits until each of their workflows sleeps. */
async function setUpHerd(rig: Rig, say: Say, count: number, ...ticks: [number, ...number[]]) {
  say(`setting up ${count} people`);
  const limitMs = ticks[0] - Date.now();
  const people = await addPeople(rig, {
    count,
    schedule: { cron: cronOf(...ticks), nextTickAt: new Date(ticks[0]) },
  });
  const ids = people.map((person) => person.id);
  const startedAt = new Date();
  await rig.wake(ids);
  await rig.until('every workflow runs', limitMs, async () => (await runningProbes(rig, startedAt)) >= count);
  const asleepAt = await allAsleep(rig, ids, limitMs);
  if (Date.now() > ticks[0]) throw new Error('the herd was not ready in time for its tick');
  return { people, startsPerSecond: (count / (asleepAt - startedAt.getTime())) * 1_000 };
}

/** Waits for the tick and for every text; `onShare` hears how much of the herd was asked, from 0 to 1. */
async function watchHerd(
  rig: Rig,
  log: TextLog,
  people: readonly BenchPerson[],
  tick: number,
  say: Say,
  onShare: (share: number) => void = () => undefined,
): Promise<HerdRun> {
  const phones = new Set(people.map((person) => person.phone));
  const texts: PhoneMessage[] = [];
  const asked = new Set<string>();
  const read = async () => {
    for (const text of await log.pull()) {
      if (text.direction !== 'outbound' || !phones.has(text.to)) continue;
      texts.push(text);
      asked.add(text.to);
    }
  };

  say(`waiting for the tick at ${new Date(tick).toISOString().slice(11, 16)}`);
  await sleep(Math.max(0, tick - Date.now()));
  const cpuAtTick = cpuTimeOf(rig);
  const limitMs = HERD_LIMIT_MS + people.length * HERD_LIMIT_PER_PERSON_MS;
  const deadline = tick + limitMs;
  await rig.until(
    'the herd',
    2 * limitMs,
    async () => {
      await read();
      say(`${asked.size} of ${people.length} asked`);
      onShare(asked.size / people.length);
      return asked.size === people.length || Date.now() > deadline;
    },
    POLL_MS,
  );
  const cpuSeconds = cpuBetween(cpuAtTick, cpuTimeOf(rig));
  // A text too many would come close behind.
  await sleep(1_000);
  await read();

  const delays = texts.map((text) => timeOf(text) - tick);
  const early = delays.filter((delay) => delay < 0).length;
  const delaysMs = spreadOf(delays);
  return {
    lost: people.length - asked.size,
    doubled: texts.length - asked.size + early,
    perSecond: (asked.size / delaysMs.max) * 1_000,
    mostInASecond: mostWithin(delays, 1_000),
    delaysMs,
    cpuSeconds,
  };
}

/** Lets every phone answer yes, and waits until every probe is good and every workflow sleeps until its next tick. */
async function answerAll(rig: Rig, people: readonly BenchPerson[], tick: number) {
  const webhooksMs: number[] = [];
  const since = Date.now();
  const cpuBefore = cpuTimeOf(rig);
  await forEachAtOnce(people, PHONES_AT_ONCE, async ({ phone }) => {
    const { webhook } = await rig.phones.phone(phone).replies('yes');
    webhooksMs.push(webhook!.durationMs);
  });
  const answeredAt = Date.now();
  const limitMs = HERD_LIMIT_MS + people.length * HERD_LIMIT_PER_PERSON_MS;
  await rig.until('every probe is good', limitMs, async () => {
    const [row] = await rig.sql<{ count: number }>(
      `select count(*)::int as count from probes where due_at = ? and status = 'good'`,
      [new Date(tick)],
    );
    return row?.count === people.length;
  });
  const goodAt = Date.now();
  const deliveredAt = await allDelivered(rig, limitMs);
  const cpuSeconds = cpuBetween(cpuBefore, cpuTimeOf(rig));
  const ids = people.map((person) => person.id);
  const asleepAt = await allAsleep(rig, ids, limitMs);
  const lastMs = asleepAt - since;
  return {
    answeredMs: answeredAt - since,
    goodMs: goodAt - since,
    deliveredMs: deliveredAt - since,
    asleepMs: lastMs,
    perSecond: (people.length / lastMs) * 1_000,
    webhooksMs: spreadOf(webhooksMs),
    cpuSeconds,
  };
}

const medianMs = (alarms: readonly Alarm[]): number => spreadOf(alarms.map((each) => each.toAlertMs)).p50;

const wholeMinuteAfter = (ms: number): number => Math.ceil(ms / MINUTE_MS) * MINUTE_MS;

/** Ticks at these minutes of every hour. */
const cronOf = (...ticks: number[]): string =>
  `${ticks.map((tick) => new Date(tick).getUTCMinutes()).join(',')} * * * *`;

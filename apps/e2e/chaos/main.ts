import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatDuration, Progress, type Say } from '#libs/embedded/progress';
import { runScript } from '../script.ts';
import { formatNumber } from '../bench/figures.ts';
import { audit, untilSettled } from './audit.ts';
import { Cluster } from './cluster.ts';
import { Herd } from './herd.ts';
import { count, type Count } from './ledger.ts';
import { Random } from './random.ts';
import { SOAK, STORIES, type Story } from './stories.ts';

const USAGE = `usage: npm run chaos -- [STORY…] [--people N] [--waves N] [--seed N] [--short]

Two APIs, two workers, PostgreSQL, Temporal and a provider, and what may happen to them in the middle of a herd.
Counts from the provider's log what every phone got, and compares it with the record.

stories (all when none is named):
${[...STORIES, SOAK].map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}

  --people N   size of each herd (300)
  --waves N    herds of the soak, one after the other (3)
  --seed N     repeats a run's choices: who answers what, who dies, for how long
  --short      a few stories with 60 people and outages of seconds, for every change`;

const SHORT = ['one-of-each', 'postgres', 'provider-drop', 'soak'];
/** In the middle of the herd. */
const ATTACK_AT = 0.3;
const ATTACK_LIMIT_MS = 20_000;
const SETTLE_LIMIT_MS = 300_000;
/** A text too many would come close behind. */
const STRAGGLERS_MS = 3_000;
const MOST_FAULTS_SHOWN = 10;

interface Row extends Count {
  story: string;
  seconds: number;
}

const LIMITS = {
  full: { people: 300, waves: 3, downMs: 60_000, faultMs: 20_000 },
  short: { people: 60, waves: 1, downMs: 4_000, faultMs: 4_000 },
} as const;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      people: { type: 'string' },
      waves: { type: 'string' },
      seed: { type: 'string' },
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const all = [...STORIES, SOAK];
  const unknown = positionals.find((name) => !all.some((story) => story.name === name));
  if (unknown !== undefined) throw new Error(`there is no story "${unknown}"`);
  const limits = values.short ? LIMITS.short : LIMITS.full;
  const wanted = positionals.length > 0 ? positionals : values.short ? SHORT : all.map(({ name }) => name);
  return {
    isHelp: values.help,
    stories: all.filter(({ name }) => wanted.includes(name)),
    ...limits,
    people: wholeNumber('people', values.people, limits.people),
    waves: wholeNumber('waves', values.waves, limits.waves),
    seed: wholeNumber('seed', values.seed, randomInt(1, 1_000_000)),
  };
}

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} must be a whole number from 1 to 999999`);
  return Number(text);
}

type Options = ReturnType<typeof readOptions>;

/** Lets a herd's tick come, attacks in the middle of it, waits until all is whole and done, and counts. */
async function tell(
  cluster: Cluster,
  story: Story,
  random: Random,
  options: Options,
  say: Say,
): Promise<Row> {
  const since = performance.now();
  let unsettled: string[];
  const herd = await Herd.gather(cluster, random, {
    count: options.people,
    hasSilent: story.hasSilent === true,
  });
  try {
    say('waiting for the tick');
    // Reports begin with the first text, so their faults have to be there before it.
    await herd.untilShare(story.name === 'callbacks' ? 0 : ATTACK_AT, ATTACK_LIMIT_MS);
    say(`attack, ${Math.round(100 * herd.share)} % asked`);
    await story.attack({
      cluster,
      herd,
      random,
      downMs: () => random.between(1_000, options.downMs),
      faultMs: options.faultMs,
    });
    say('waiting until everything is done');
    unsettled = await untilSettled(cluster, herd, SETTLE_LIMIT_MS);
    await sleep(STRAGGLERS_MS);
  } finally {
    await herd.disperse();
  }
  const counted = count(herd.texts, herd.members, herd.dueAt);
  const differences = await audit(cluster, herd);
  return {
    ...counted,
    faults: [...unsettled, ...counted.faults, ...differences],
    story: story.name,
    seconds: (performance.now() - since) / 1_000,
  };
}

const HEAD = [
  'story',
  'due',
  'asked',
  'alarms',
  'lost',
  'doubled',
  'unexpected',
  'nudges',
  'late p50',
  'p99',
  'last',
  'took',
  '',
];

function table(rows: readonly Row[]): string {
  const seconds = (ms: number) => `${formatNumber(ms / 1_000)} s`;
  const cells = rows.map((row) => [
    row.story,
    String(row.due),
    String(row.asked),
    `${row.alarmed} of ${row.alarmsDue}`,
    String(row.lost),
    String(row.doubled),
    String(row.unexpected),
    String(row.nudges),
    seconds(row.lateMs.p50),
    seconds(row.lateMs.p99),
    seconds(row.lateMs.max),
    `${Math.round(row.seconds)} s`,
    row.faults.length === 0 ? '✓' : '✗',
  ]);
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [HEAD, widths.map((width) => '─'.repeat(width)), ...cells].map(line).join('\n');
}

let cluster: Cluster | undefined;

async function run(options: Options): Promise<boolean> {
  const progress = new Progress();
  const since = performance.now();
  progress.line(`seed ${options.seed}`);
  const rows: Row[] = [];
  let failure: unknown;
  cluster = await progress.step('the cluster', (say) => Cluster.start(say));
  try {
    for (const story of options.stories) {
      const waves = story === SOAK ? options.waves : 1;
      for (let wave = 1; wave <= waves; wave++) {
        const name = wave > 1 ? `${story.name} ${wave}` : story.name;
        const random = new Random(options.seed, name);
        const row = await progress.step(name, (say) => tell(cluster!, story, random, options, say));
        rows.push({ ...row, story: name });
        for (const fault of row.faults.slice(0, MOST_FAULTS_SHOWN)) progress.line(`  ${fault}`);
      }
    }
  } catch (error) {
    failure = error;
  }
  await progress.step('everything ended', async () => cluster?.stop());

  if (rows.length > 0) progress.line(`\n${table(rows)}\n`);
  for (const [part, times] of Object.entries(cluster.ownEnds())) {
    progress.line(`${part} ended by itself ${times} times, and was started again`);
  }
  if (failure) console.error(failure);
  const isWell = !failure && rows.every(({ faults }) => faults.length === 0);
  const verdict = isWell ? 'nothing lost, nothing doubled' : `repeat it with --seed ${options.seed}`;
  progress.line(`${formatDuration(performance.now() - since)}; ${verdict}`);
  return isWell;
}

await runScript({ usage: USAGE, readOptions, run, stop: async () => cluster?.stop() });

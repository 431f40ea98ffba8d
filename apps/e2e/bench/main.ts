import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { formatDuration, Progress, type Say } from '#libs/embedded/progress';
import { measureBackup } from './backup.bench.ts';
import { measureCycle } from './cycle.bench.ts';
import { isMet, type SectionResult } from './figures.ts';
import { measureHerd, measureTick } from './herd.bench.ts';
import { measureHttp } from './http.bench.ts';
import { measureLogin } from './login.bench.ts';
import { measureMemory } from './memory.bench.ts';
import { measureRate } from './rate.bench.ts';
import { measureReplies } from './replies.bench.ts';
import { save, table, type Results } from './report.ts';
import type { Rig } from './rig.ts';
import { startRig } from './rig.start.ts';
import { runScript } from '../script.ts';
import { measureSleepers } from './sleepers.bench.ts';
import { measureStart } from './start.bench.ts';

const USAGE = `usage: npm run bench -- [SECTION…] [--people N] [--messages N] [--seconds N]
                      [--route TEXT] [--long] [--profile DIR]

sections (all when none is named):
  start    from the command to "ready", with new and with kept data
  memory   of each process at rest
  cycle    what one quiet check costs Temporal
  herd     everybody's check is due in the same minute
  sizes    the same for 100 people; with --long for 10,000 too
  replies  from a "yes" at the webhook to its commit, with Temporal and with one that hangs
  http     requests a second by route
  login    whether the time of a refused log-in tells who exists
  sleepers what 1,000 people cost who are asleep; with --long 10,000 and 50,000
  rate     whether a herd keeps to a configured rate
  backup   time and memory of a backup and its restore, and whether every row is there again

  --people N      size of the herd (1000)
  --messages N    how many are backed up (1000000)
  --seconds N     length of each HTTP measurement (5)
  --route TEXT    only HTTP routes whose name holds TEXT
  --long          the large herds too: about an hour more
  --profile DIR   leave a CPU profile of Kronus there`;

interface Sizes {
  people: number;
  messages: number;
  seconds: number;
  route: string | undefined;
  isLong: boolean;
}

type Section = (rig: Rig, say: Say, sizes: Sizes) => Promise<SectionResult>;

/** The sections that share one running Kronus, in the order in which they disturb each other least. */
const SECTIONS: Record<string, Section> = {
  memory: (rig, say) => measureMemory(rig, say),
  cycle: (rig, say) => measureCycle(rig, say),
  herd: (rig, say, { people }) => measureHerd(rig, say, people),
  sizes: (rig, say, { isLong }) =>
    inTurn(isLong ? [100, 10_000] : [100], (count) => measureTick(rig, say, count)),
  replies: (rig, say) => measureReplies(rig, say),
  http: (rig, say, { seconds, route }) => measureHttp(rig, say, seconds, route),
  login: (rig, say) => measureLogin(rig, say),
  sleepers: (rig, say, { isLong }) =>
    inTurn(isLong ? [10_000, 50_000] : [1_000], (count) => measureSleepers(rig, say, count)),
};

/** Measures one count after the other, as one section. */
async function inTurn(
  counts: readonly number[],
  measure: (count: number) => Promise<SectionResult>,
): Promise<SectionResult> {
  const results: SectionResult[] = [];
  for (const count of counts) results.push(await measure(count));
  return {
    figures: results.flatMap(({ figures }) => figures),
    details: results.map(({ details }) => details),
  };
}

const wholeNumber = (text: string, name: string, most = 99_999): number => {
  const number = /^[1-9]\d{0,7}$/.test(text) ? Number(text) : Infinity;
  if (number > most) throw new Error(`--${name} must be a whole number from 1 to ${most}`);
  return number;
};

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      people: { type: 'string', default: '1000' },
      messages: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '5' },
      route: { type: 'string' },
      long: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const names = ['start', ...Object.keys(SECTIONS), 'rate', 'backup'];
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no section "${unknown}"`);
  return {
    isHelp: values.help,
    sections: names.filter((name) => positionals.length === 0 || positionals.includes(name)),
    profileDir: values.profile,
    sizes: {
      people: wholeNumber(values.people, 'people'),
      messages: wholeNumber(values.messages, 'messages', 99_999_999),
      seconds: wholeNumber(values.seconds, 'seconds'),
      route: values.route,
      isLong: values.long,
    },
  };
}

type Options = ReturnType<typeof readOptions>;

let rig: Rig | undefined;

/** Measures one section after the other; what was measured is kept when a later one fails. */
async function measure({ sections, sizes, profileDir }: Options, progress: Progress, results: Results) {
  if (sections.includes('start')) results.start = await progress.step('start', measureStart);
  if (sections.includes('backup')) {
    results.backup = await progress.step('backup', (say) => measureBackup(say, sizes.messages));
  }
  if (sections.includes('rate')) results.rate = await progress.step('rate', measureRate);
  const shared = sections.filter((name) => name in SECTIONS);
  if (shared.length === 0) return;
  const running = await progress.step('Kronus for the rest', (say) => startRig(say, { profileDir }));
  rig = running;
  for (const name of shared) {
    results[name] = await progress.step(name, (say) => SECTIONS[name]!(running, say, sizes));
  }
}

async function run(options: Options): Promise<boolean> {
  const progress = new Progress();
  const at = new Date();
  const since = performance.now();
  const results: Results = {};
  let failure: unknown;
  try {
    await measure(options, progress, results);
  } catch (error) {
    failure = error;
  }
  await progress.step('everything ended', async () => rig?.stop());

  const ms = performance.now() - since;
  if (Object.keys(results).length > 0) {
    progress.line(`\n${table(results)}\n`);
    progress.line(
      `${formatDuration(ms)}; all figures and details: ${save(results, at, Math.round(ms / 1_000))}`,
    );
  }
  if (failure) console.error(failure);
  const musts = Object.values(results).flatMap(({ figures }) => figures.filter((figure) => figure.isMust));
  return !failure && musts.every(isMet);
}

await runScript({ usage: USAGE, readOptions, run, stop: async () => rig?.stop() });

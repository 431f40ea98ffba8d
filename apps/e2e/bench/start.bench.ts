import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { logTail, startChild } from '#libs/embedded/children';
import { freePort } from '#libs/embedded/ports';
import type { Say } from '#libs/embedded/progress';
import { removeAtEnd } from '#libs/embedded/watchdog';
import { spreadOf, type SectionResult } from './figures.ts';
import { plainEnvironment } from './rig.start.ts';

const KRONUS = fileURLToPath(new URL('../../cli/bin/kronus.mjs', import.meta.url));
const STARTS = 5;
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 25_000;
const STEP = /^✓ (.+) ([\d.]+) s$/;

/** One start, from the call of the command to "Kronus is ready". */
interface Start {
  readyMs: number;
  stopMs: number;
  /** The parts as Kronus itself reports them, in seconds; some run at the same time. */
  parts: Record<string, number>;
}

/** How long `kronus server --dev` takes to be ready: once with an empty data folder, then with a kept one. */
export async function measureStart(say: Say): Promise<SectionResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kronus-bench-start-'));
  removeAtEnd(dataDir);
  const env = { ...plainEnvironment(), KRONUS_DATA_DIR: dataDir, KRONUS_PORT: String(await freePort()) };
  say('first start');
  const first = await startOnce(env, dataDir);
  const later: Start[] = [];
  while (later.length < STARTS) {
    say(`start ${later.length + 1} of ${STARTS} with kept data`);
    later.push(await startOnce(env, dataDir));
  }
  const seconds = spreadOf(later.map(({ readyMs }) => readyMs / 1_000));
  return {
    figures: [
      { name: 'first start, new data folder', value: first.readyMs / 1_000, unit: 's' },
      ...Object.entries(first.parts).map(([part, value]) => ({ name: `  ${part}`, value, unit: 's' })),
      { name: 'later start, median', value: seconds.p50, unit: 's', target: { atMost: 5 } },
      { name: 'later start, shortest', value: seconds.min, unit: 's' },
      { name: 'later start, longest', value: seconds.max, unit: 's' },
      { name: 'stop, median', value: spreadOf(later.map(({ stopMs }) => stopMs / 1_000)).p50, unit: 's' },
    ],
    details: { first, later },
  };
}

async function startOnce(env: NodeJS.ProcessEnv, dataDir: string): Promise<Start> {
  const parts: Start['parts'] = {};
  const since = performance.now();
  let onReady: (ms: number) => void;
  const ready = new Promise<number>((resolve) => (onReady = resolve));
  const logFile = join(dataDir, 'start.log');
  const child = await startChild({
    command: process.execPath,
    args: [KRONUS, 'server', '--dev'],
    env,
    logFile,
    onLine: (line) => {
      const [, part, seconds] = STEP.exec(line) ?? [];
      if (part) parts[part] = Number(seconds);
      if (line.startsWith('Kronus is ready')) onReady(performance.now() - since);
    },
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  const limit = sleep(START_LIMIT_MS, null, { ref: false });
  const readyMs = await Promise.race([ready, limit, child.exited.then(() => null)]);
  const stopSince = performance.now();
  await child.stop();
  if (readyMs === null) throw new Error(`Kronus did not start: ${logTail(logFile, 20)}`);
  return { readyMs, stopMs: performance.now() - stopSince, parts };
}

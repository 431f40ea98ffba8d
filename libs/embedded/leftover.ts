import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, processIdentity } from './process-identity.ts';
import type { Say } from './progress.ts';

const SIGNAL_LIMIT_MS = 5_000;

/** Notes in `file` which process serves, so that a start after a kill of Kronus can end it first. */
export const noteProcess = (file: string, pid: number): void =>
  writeFileSync(file, JSON.stringify({ pid, identity: processIdentity(pid) }));

/** Ends the process that `noteProcess` noted, if it still runs, and forgets the note. */
export const endNoted = async (file: string, say: Say): Promise<void> => {
  const noted = read(file);
  if (noted?.identity && processIdentity(noted.pid) === noted.identity)
    await endLeftover(noted.pid, ['SIGKILL'], say);
  rmSync(file, { force: true });
};

/** Ends a server that an earlier, killed run left behind, by one signal after another, and waits until it has ended. */
export const endLeftover = async (pid: number, signals: NodeJS.Signals[], say: Say): Promise<void> => {
  say(`ending the server of an earlier run (process ${pid})`);
  for (const signal of signals) {
    if (isAlive(pid)) process.kill(pid, signal);
    for (
      const deadline = performance.now() + SIGNAL_LIMIT_MS;
      performance.now() < deadline;
      await sleep(20)
    ) {
      if (!isAlive(pid)) return;
    }
  }
};

const read = (file: string): { pid: number; identity?: string } | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { pid: number; identity?: string };
  } catch {
    return undefined;
  }
};

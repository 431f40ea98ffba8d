import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { forget, watch } from './watchdog.ts';
import type { StopSignal } from './watchdog.ts';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What to start, and how to end it. */
export interface ChildSpec {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Receives stdout and stderr; the file of the run before is kept as `<file>.1`. */
  logFile: string;
  /** Receives each line of stdout, which then does not go to the log file. */
  onLine?: (line: string) => void;
  stopSignal: StopSignal;
  /** What the watchdog sends instead when Kronus dies: SIGKILL for a server that is slow to end and loses nothing by it. */
  orphanSignal?: 'SIGKILL';
  /** How long a child may take to end after the signal before it is killed. */
  stopLimitMs: number;
}

/** A process that ends no later than this one. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** Asks the child to end, kills it when it does not, and resolves when it has. Calling again is harmless. */
  stop(): Promise<void>;
}

/**
 * Starts a process in a session of its own, so that Ctrl-C reaches only Kronus, which then ends its children in order.
 * Its end is certain: by `stop()`, or by the watchdog when Kronus itself dies.
 * @throws Error when the program cannot be started.
 */
export const startChild = async (spec: ChildSpec): Promise<Child> => {
  const log = openLog(spec.logFile);
  const { command, args, env, cwd, uid, gid, onLine } = spec;
  const child = spawn(command, args, {
    env,
    cwd,
    uid,
    gid,
    detached: true,
    stdio: ['ignore', onLine ? 'pipe' : log, log],
  });
  if (onLine && child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
  closeSync(log);
  const { pid } = child;
  if (pid) watch(pid, spec.orphanSignal ?? spec.stopSignal);

  let isRunning = true;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      isRunning = false;
      if (pid) forget(pid);
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)));
  });
  child.unref();

  const stop = async (): Promise<void> => {
    if (!isRunning) return;
    // A reference, so that this process does not end before its child.
    child.ref();
    child.kill(spec.stopSignal);
    const limit = AbortSignal.timeout(spec.stopLimitMs);
    limit.addEventListener('abort', () => isRunning && child.kill('SIGKILL'));
    await exited;
  };
  return { pid: pid ?? 0, exited, isRunning: () => isRunning, stop };
};

const openLog = (file: string): number => {
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // There was none.
  }
  return openSync(file, 'a', 0o600);
};

/** The last lines of a log file, or an empty text. */
export const logTail = (file: string, lines = 5): string => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
};

/** Polls `check` until it is true (then true) or the child has ended or the time is over (then false). */
export const becomesReady = async (
  child: Child,
  check: () => boolean | Promise<boolean>,
  limitMs: number,
  pollMs = 20,
): Promise<boolean> => {
  const deadline = performance.now() + limitMs;
  while (child.isRunning() && performance.now() < deadline) {
    if (await check()) return true;
    await sleep(pollMs);
  }
  return false;
};

/** Ends what was started, last first, however many of them fail to end. */
export class StopInReverse {
  private readonly parts: { name: string; stop: () => unknown }[] = [];
  private stopping: Promise<void> | undefined;

  /** Adds a part that is to end before everything added so far; ends it at once when all the others have been told to. */
  add(name: string, stop: () => unknown): void {
    this.parts.push({ name, stop });
    this.stopping = this.stopping?.then(() => this.stopEach(() => undefined));
  }

  /** Ends all parts, once; calls `onEnded` for each with what it threw, if anything. Never rejects. */
  stopAll(onEnded: (name: string, error?: unknown) => void = () => undefined): Promise<void> {
    return (this.stopping ??= this.stopEach(onEnded));
  }

  private async stopEach(onEnded: (name: string, error?: unknown) => void): Promise<void> {
    for (let part = this.parts.pop(); part; part = this.parts.pop()) {
      try {
        await part.stop();
        onEnded(part.name);
      } catch (error) {
        onEnded(part.name, error);
      }
    }
  }
}

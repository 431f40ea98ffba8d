import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from './children.ts';
import type { Say } from './progress.ts';

/** What can be supervised: every server of this folder. */
export interface Supervisable {
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

/** How a crash is answered. */
export interface SuperviseOptions {
  /** Receives one line for each crash and each restart. */
  say: Say;
  /** Called once, with a sentence, when the server cannot be kept alive; the whole should then end with exit code 1. */
  onGiveUp: (message: string) => void;
  /** Crashes allowed within `windowMs`. */
  maxCrashes?: number;
  windowMs?: number;
  /** The wait before the first restart; it doubles with each crash of the window. */
  backoffMs?: number;
}

/** A server that is started again when it crashes. */
export interface Supervised<S> {
  /** The server that runs now, or ran last. */
  readonly current: S;
  /** Ends the server for good; also ends a restart that is under way. */
  stop(): Promise<void>;
}

const MAX_BACKOFF_MS = 5_000;

/**
 * Keeps a server alive: when it ends without having been asked to, it is started again after a growing wait.
 * `start` gets the server before, so that the new one takes the same port and data. The first start's failure is thrown.
 */
export const supervise = async <S extends Supervisable>(
  name: string,
  start: (previous?: S) => Promise<S>,
  { say, onGiveUp, maxCrashes = 5, windowMs = 60_000, backoffMs = 100 }: SuperviseOptions,
): Promise<Supervised<S>> => {
  let current = await start();
  const stopping = new AbortController();
  let crashes: number[] = [];

  /** The wait before the next start, or undefined when there were too many crashes. */
  const nextWaitMs = (): number | undefined => {
    const now = performance.now();
    crashes = [...crashes.filter((at) => now - at < windowMs), now];
    return crashes.length > maxCrashes
      ? undefined
      : Math.min(backoffMs * 2 ** (crashes.length - 1), MAX_BACKOFF_MS);
  };

  const restart = async (reason: string): Promise<boolean> => {
    for (;;) {
      const waitMs = nextWaitMs();
      if (waitMs === undefined) {
        onGiveUp(
          `${name} crashed ${crashes.length} times within ${windowMs / 1000} s, the last time with ${reason}; giving up.`,
        );
        return false;
      }
      say(`${name} ended (${reason}); starting it again.`);
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return false;
      try {
        current = await start(current);
        if (stopping.signal.aborted) return false;
        say(`${name} runs again.`);
        return true;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
  };

  const keepAlive = async (): Promise<void> => {
    for (;;) {
      const exit = await current.exited;
      if (stopping.signal.aborted) return;
      if (!(await restart(exit.signal ?? `exit code ${exit.code}`))) return;
    }
  };
  const ended = keepAlive();

  return {
    get current() {
      return current;
    },
    async stop() {
      stopping.abort();
      await current.stop();
      await ended;
      // A start that was under way when the end was asked for may have brought a new server.
      await current.stop();
    },
  };
};

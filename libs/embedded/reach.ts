import { setTimeout as sleep } from 'node:timers/promises';
import type { Say } from './progress.ts';

const REACH_LIMIT_MS = 60_000;
const AGAIN_MS = 1_000;

/** A server that is somebody else's, and the setting that says where it is. */
export interface Remote {
  /** `PostgreSQL`, `Temporal`. */
  name: string;
  /** Host and port; never a password. */
  address: string;
  setting: string;
}

/**
 * Tries until a server can be reached: machines that start together do so in any order.
 * @throws Error with one sentence after a minute
 */
export async function reach<T>(
  { name, address, setting }: Remote,
  attempt: () => Promise<T>,
  { say, limitMs = REACH_LIMIT_MS }: { say: Say; limitMs?: number },
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() >= deadline) {
        throw new Error(`${name} cannot be reached at ${address}; check ${setting}.`, { cause: error });
      }
      say(`waiting for ${address}`);
      await sleep(AGAIN_MS);
    }
  }
}

import type { Redis } from 'ioredis';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';

/** So many points within so many seconds, for each key. */
export interface Rule {
  /** Part of the keys in Redis: a new meaning needs a new name. */
  name: string;
  points: number;
  seconds: number;
}

const PREFIX = 'kronus:limit';

/**
 * Counts by rule and key: in Redis, together with all other processes, and in this process while Redis is away or when
 * there is none. A window begins with the first point of a key. Never throws for want of Redis.
 */
export class Limits {
  readonly #counters = new Map<string, RateLimiterAbstract>();

  constructor(private readonly redis: Redis | null) {}

  /** Counts one; null when it is within the rule, else after how many milliseconds there is room again. */
  async take(rule: Rule, key: string): Promise<number | null> {
    try {
      await this.counterOf(rule).consume(key);
      return null;
    } catch (error) {
      return waitOf(error);
    }
  }

  /** Counts one less: what was taken turned out not to count. */
  async giveBack(rule: Rule, key: string): Promise<void> {
    await this.counterOf(rule).reward(key, 1);
  }

  /** The same as `take` would answer, but counts nothing. */
  async look(rule: Rule, key: string): Promise<number | null> {
    const found = await this.counterOf(rule).get(key);
    return found !== null && found.consumedPoints >= rule.points ? found.msBeforeNext : null;
  }

  private counterOf(rule: Rule): RateLimiterAbstract {
    const known = this.#counters.get(rule.name);
    if (known) return known;
    const options = { points: rule.points, duration: rule.seconds, keyPrefix: `${PREFIX}:${rule.name}` };
    const inMemory = new RateLimiterMemory(options);
    const counter = this.redis
      ? new RateLimiterRedis({
          ...options,
          storeClient: this.redis,
          insuranceLimiter: inMemory,
          rejectIfRedisNotReady: true,
        })
      : inMemory;
    this.#counters.set(rule.name, counter);
    return counter;
  }
}

function waitOf(error: unknown): number {
  if (error instanceof RateLimiterRes) return error.msBeforeNext;
  throw error;
}

import { Redis } from 'ioredis';

// A request must not wait for a Redis that hangs: the connection is cut then, and made anew in the background.
const ANSWER_LIMIT_MS = 250;
const CONNECT_LIMIT_MS = 2_000;
const RETRY_AT_MOST_MS = 2_000;

/**
 * A connection to the Redis at `url` that is made in the background and anew for ever. Commands fail at once while
 * there is none. `say` hears one sentence when Redis goes away, and one when it is back; none holds the address.
 */
export function connectRedis(url: string, say: (sentence: string) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_LIMIT_MS,
    socketTimeout: ANSWER_LIMIT_MS,
    disconnectTimeout: ANSWER_LIMIT_MS,
    retryStrategy: (tries) => Math.min(tries * 100, RETRY_AT_MOST_MS),
  });
  let isAway = false;
  let isEnding = false;
  const away = () => {
    if (isAway || isEnding) return;
    isAway = true;
    say('Redis is away: each process counts requests for itself until it is back.');
  };
  // Each failed try is an event; unheard, it would be printed with the address.
  redis.on('error', away);
  redis.on('close', away);
  redis.on('end', () => (isEnding = true));
  redis.on('ready', () => {
    if (isAway) say('Redis is back: the processes count requests together again.');
    isAway = false;
  });
  return redis;
}

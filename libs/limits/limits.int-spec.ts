import { afterEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Limits, type Rule } from './limits.ts';
import { connectRedis } from './redis.ts';
import { hasRedisServer, RedisServer } from './redis.fixture.ts';

const rule: Rule = { name: 'test', points: 3, seconds: 60 };

/** Takes so many at once; answers how many went through. */
const passed = async (limits: Limits[], times: number, key = 'k') => {
  const waits = await Promise.all(
    limits.flatMap((each) => Array.from({ length: times }, () => each.take(rule, key))),
  );
  return waits.filter((wait) => wait === null).length;
};

describe('in memory', () => {
  it('lets as many through as the rule says, for each key', async () => {
    const limits = new Limits(null);
    expect(await passed([limits], 5)).toBe(3);
    expect(await passed([limits], 5, 'another')).toBe(3);
    expect(await limits.take(rule, 'k')).toBeGreaterThan(50_000);
  });

  it('takes back what did not count, and looks without counting', async () => {
    const limits = new Limits(null);
    expect(await limits.look(rule, 'k')).toBeNull();
    await passed([limits], 3);
    expect(await limits.look(rule, 'k')).toBeGreaterThan(0);
    await limits.giveBack(rule, 'k');
    expect(await limits.look(rule, 'k')).toBeNull();
    expect(await passed([limits], 2)).toBe(1);
  });
});

/** Unlike `once` of Node it goes on waiting when a try to connect fails meanwhile. */
const event = (redis: Redis, name: 'ready' | 'close'): Promise<void> =>
  new Promise((resolve) => redis.once(name, () => resolve()));

(hasRedisServer ? describe : describe.skip)('in Redis', () => {
  const connections: Redis[] = [];
  let server: RedisServer;
  const said: string[] = [];
  const connect = async () => {
    const redis = connectRedis(server.url, (sentence) => said.push(sentence));
    connections.push(redis);
    await event(redis, 'ready');
    return redis;
  };
  const start = async () => {
    server = await RedisServer.start();
    said.length = 0;
    return { ours: await connect(), theirs: await connect() };
  };
  afterEach(async () => {
    for (const redis of connections.splice(0)) redis.disconnect();
    await server.stop();
  });

  it('counts for all processes together', async () => {
    const { ours, theirs } = await start();
    const both = [new Limits(ours), new Limits(theirs)];
    expect(await passed(both, 10)).toBe(3);
    expect(await both[0]!.look(rule, 'k')).toBeGreaterThan(50_000);
    await both[1]!.giveBack(rule, 'fresh');
  });

  it('counts in memory while it is away, and together again when it is back, saying each once', async () => {
    const { ours } = await start();
    const limits = new Limits(ours);
    const closed = event(ours, 'close');
    await server.kill();
    await closed;
    expect(await passed([limits], 5)).toBe(3);
    const ready = event(ours, 'ready');
    await server.restart();
    await ready;
    expect(await passed([limits], 5)).toBe(3);
    expect(said.filter((each) => each.startsWith('Redis is away'))).toHaveLength(2); // one of each connection
    expect(said.filter((each) => each.startsWith('Redis is back')).length).toBeGreaterThan(0);
    expect(said.join()).not.toContain(String(server.port));
  });

  it('goes on without it when it hangs, and does not wait for it a second time', async () => {
    const { ours } = await start();
    const limits = new Limits(ours);
    server.pause();
    expect(await passed([limits], 5)).toBe(3);
    expect(ours.status).not.toBe('ready');
    expect(await passed([limits], 5)).toBe(0);
  });
});

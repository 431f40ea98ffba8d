import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '#libs/config/config';
import { Limits } from '#libs/limits/limits';
import { connectRedis } from '#libs/limits/redis';
import { limitRequests } from './limit-requests.ts';
import { RequestGate } from './request-gate.ts';

/** The gate of a server, counting in Redis where one is configured; its connection ends with the server. */
export function createGate(server: FastifyInstance, config: Config['limits'], logger: Logger): RequestGate {
  const { redisUrl } = config;
  const redis = redisUrl === null ? null : connectRedis(redisUrl, (sentence) => logger.warn(sentence));
  server.addHook('onClose', async () => redis?.disconnect());
  const gate = new RequestGate(new Limits(redis), config);
  limitRequests(server, gate);
  return gate;
}

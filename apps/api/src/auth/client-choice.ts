import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiQuery } from '@nestjs/swagger';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { FastifyRequest } from 'fastify';
import { ClientRef } from '#libs/contract/ids';
import { Client } from '#libs/db/entities/client.entity';
import { AppError } from '#libs/domain/errors';
import type { Caller } from './caller.ts';

/** Documents that a platform admin may choose the client that a route is about. */
export const ChoosesClient = () =>
  applyDecorators(
    ApiQuery({
      name: 'client_id',
      required: false,
      schema: { type: 'string' },
      description: 'The client (integer id or UUID) that a platform admin means.',
    }),
    ApiHeader({
      name: 'X-Client-Id',
      required: false,
      schema: { type: 'string' },
      description: 'The same as `client_id` in the query, which wins.',
    }),
  );

/**
 * The client that a request names by `client_id` in the query or by X-Client-Id; null when it names none. Admins may
 * name their own, which changes nothing.
 * @throws AppError validation, not_found: another client than the caller's does not exist for them
 */
export async function chosenClientId(
  em: EntityManager,
  me: Caller,
  { query, headers }: FastifyRequest,
): Promise<number | null> {
  const given = (query as { client_id?: unknown }).client_id ?? headers['x-client-id'];
  if (given === undefined) return null;
  const ref = ClientRef.safeParse(given);
  if (!ref.success)
    throw new AppError('validation', 'client_id must be the integer id or the UUID of a client');
  const reach = me.isPlatformAdmin ? {} : { id: me.clientId };
  const client = await em.findOne(Client, { $and: [ref.data, reach] });
  if (!client) throw new AppError('not_found', 'client not found');
  return client.id;
}

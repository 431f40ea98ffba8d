import { LockMode, type EntityManager } from '@mikro-orm/postgresql';
import type { ClientRef } from '#libs/contract/ids';
import { Client } from '#libs/db/entities/client.entity';
import { AppError } from '#libs/domain/errors';

/** One client. @throws AppError not_found */
export async function findClient(em: EntityManager, ref: ClientRef): Promise<Client> {
  const client = await em.findOne(Client, ref);
  if (!client) throw new AppError('not_found', 'client not found');
  return client;
}

/** One client, locked; no account is created in it meanwhile. @throws AppError not_found */
export async function lockClient(em: EntityManager, ref: ClientRef): Promise<Client> {
  const client = await em.findOne(Client, ref, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!client) throw new AppError('not_found', 'client not found');
  return client;
}

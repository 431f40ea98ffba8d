import type { EntityManager } from '@mikro-orm/postgresql';
import { ApiKey } from '#libs/db/entities/api-key.entity';
import { newSecret } from '#libs/security/secret';
import { nextNumber } from './sequence.ts';

/** What can be chosen about a key. */
export type ApiKeyChoices = Partial<Pick<ApiKey, 'id' | 'label' | 'enabled' | 'expiresAt' | 'createdAt'>>;

/** Stores a key of an account, and answers its id and the secret. */
export async function createApiKey(
  em: EntityManager,
  userId: number,
  choices: ApiKeyChoices = {},
): Promise<{ id: string; key: string }> {
  const { value, prefix, hash } = newSecret('kro');
  const now = new Date();
  const label = `key${nextNumber()}`;
  const row = em.create(ApiKey, { userId, label, prefix, hash, createdAt: now, updatedAt: now, ...choices });
  await em.flush();
  return { id: row.id, key: value };
}

import type { EntityManager } from '@mikro-orm/postgresql';
import { ApiKey } from '#libs/db/entities/api-key.entity';
import { newSecret } from '#libs/security/secret';

/** What a new key is for. */
export interface KeyPurpose {
  userId: number;
  label: string;
  /** Null: good until it is disabled or deleted. */
  expiresAt: Date | null;
  /** The session that it ends with, if it was given out by a log-in. */
  sessionId?: string;
}

/** A key on record, and the secret itself, which is nowhere else. */
export interface IssuedKey {
  row: ApiKey;
  value: string;
}

/** Records a new key within the caller's transaction. */
export async function issueApiKey(em: EntityManager, purpose: KeyPurpose, now: Date): Promise<IssuedKey> {
  const { value, prefix, hash } = newSecret('kro');
  const row = em.create(ApiKey, { ...purpose, prefix, hash, createdAt: now, updatedAt: now });
  await em.flush();
  return { row, value };
}

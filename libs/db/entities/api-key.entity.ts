import { defineEntity, p, type Opt } from '@mikro-orm/core';
import { Session } from './session.entity.ts';
import { User } from './user.entity.ts';

const ApiKeySchema = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => crypto.randomUUID()),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    sessionId: () => p.manyToOne(Session).mapToPk().joinColumn('session_id').nullable(),
    label: p.string(),
    prefix: p.string(),
    hash: p.string().hidden(),
    enabled: p.boolean().default(true),
    expiresAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    replacedBy: p.uuid().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});

/**
 * A secret that stands for its owner in programs, kept as its SHA-256 digest. `prefix` is its readable beginning,
 * `replacedBy` the key that it was rotated to. One with a `sessionId` was given out by a log-in and ends with it.
 */
export class ApiKey extends ApiKeySchema.class {
  /** Whether it opens anything, as far as its own row tells. */
  isUsable(now: Date): Opt<boolean> {
    return this.enabled && (!this.expiresAt || this.expiresAt > now);
  }

  /** Makes it end at a moment, unless it ends earlier already. */
  endAt(moment: Date): void {
    if (!this.expiresAt || this.expiresAt > moment) this.expiresAt = moment;
  }
}
ApiKeySchema.setClass(ApiKey);

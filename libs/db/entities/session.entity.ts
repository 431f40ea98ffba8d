import { defineEntity, p, type Opt } from '@mikro-orm/core';
import { User } from './user.entity.ts';

/** Why a session ended before its time: its owner said so, or a refresh token came twice. */
export type SessionEnd = 'logout' | 'reuse';

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => crypto.randomUUID()),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    tokenVersion: p.integer(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    endedAt: p.datetime().nullable(),
    endReason: p.string().$type<SessionEnd>().nullable(),
    browserHash: p.string().nullable().hidden(),
  },
});

/**
 * One log-in and all the tokens that came of it. It is good only while its owner's `tokenVersion` is the one that it
 * began with, so a new password ends every session. One in a browser (`browserHash`, the digest of its cookie) lasts
 * its time; of others every use of a refresh token puts `expiresAt` off.
 */
export class Session extends SessionSchema.class {
  /** Whether its tokens count, for an owner whose present token version is given. */
  isLive(ownersTokenVersion: number, now: Date): Opt<boolean> {
    return !this.endedAt && this.tokenVersion === ownersTokenVersion && this.expiresAt > now;
  }

  /** Lets it last longer because it was used. */
  putOff(expiresAt: Date): void {
    if (!this.browserHash) this.expiresAt = expiresAt;
  }

  /** Ends it for good; a session that has ended keeps the first reason. */
  end(reason: SessionEnd, now: Date): void {
    if (this.endedAt) return;
    this.endedAt = now;
    this.endReason = reason;
  }
}
SessionSchema.setClass(Session);

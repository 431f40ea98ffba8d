import { defineEntity, p } from '@mikro-orm/core';
import { Session } from './session.entity.ts';

const RefreshTokenSchema = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  properties: {
    hash: p.string().primary(),
    sessionId: () => p.manyToOne(Session).mapToPk().joinColumn('session_id'),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
    appId: p.string().nullable(),
    scope: p.string().nullable(),
  },
});

/**
 * One refresh token of a session, by its SHA-256 digest. Used ones stay on record to notice when they come again. With
 * an app and its scope, the token is that app's (OAuth 2.0).
 */
export class RefreshToken extends RefreshTokenSchema.class {}
RefreshTokenSchema.setClass(RefreshToken);

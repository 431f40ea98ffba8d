import { defineEntity, p } from '@mikro-orm/core';
import { Session } from './session.entity.ts';

const OAuthCodeSchema = defineEntity({
  name: 'OAuthCode',
  tableName: 'oauth_codes',
  properties: {
    hash: p.string().primary(),
    sessionId: () => p.manyToOne(Session).mapToPk().joinColumn('session_id'),
    appId: p.string(),
    redirectUri: p.string(),
    scope: p.string(),
    nonce: p.string().nullable(),
    codeChallenge: p.string(),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
    usedAt: p.datetime().nullable(),
  },
});

/**
 * What an app gets from somebody's browser to fetch tokens of their log-in with, by its SHA-256 digest. Used ones stay
 * on record to notice when they come again.
 */
export class OAuthCode extends OAuthCodeSchema.class {}
OAuthCodeSchema.setClass(OAuthCode);

import { Inject, Injectable } from '@nestjs/common';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { OAuthTokens, RevokeRequest, ServerMetadata, TokenRequest } from '#libs/contract/oauth.contract';
import { OAuthCode } from '#libs/db/entities/oauth-code.entity';
import { RefreshToken } from '#libs/db/entities/refresh-token.entity';
import { Session } from '#libs/db/entities/session.entity';
import { User } from '#libs/db/entities/user.entity';
import { audit } from '#libs/db/queries/audit';
import { SCOPES } from '#libs/domain/authorization';
import type { Clock } from '#libs/domain/clock';
import { isVerifierOf } from '#libs/security/pkce';
import { digestOf, isSecret } from '#libs/security/secret';
import { Tokens } from '#libs/security/token';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { AuthService, type Renewal } from '../auth/auth.service.ts';
import { nextPageAfterLogin } from '../auth/next-page.ts';
import { OAuthError } from './oauth-error.ts';

/** What an app shows to redeem a code. */
interface Redemption {
  appId: string;
  code: string;
  redirectUri: string;
  verifier: string;
}

/** What tokens are made of, and what the app gave to recognise its request by. */
type Redeemed = Renewal & { nonce: string | null };

/** Gives apps the tokens of those who logged in for them (RFC 6749, 7636, 7009), in the sessions that all log-ins have. */
@Injectable()
export class OAuthService {
  constructor(
    private readonly orm: MikroORM,
    private readonly auth: AuthService,
    private readonly tokens: Tokens,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Tokens for a code or a refresh token; either is used up by it. @throws OAuthError */
  async token(body: TokenRequest): Promise<OAuthTokens> {
    const appId = this.knownApp(body.client_id);
    if (body.grant_type === 'authorization_code') return this.forCode(appId, body);
    if (body.grant_type === 'refresh_token') return this.forRefreshToken(appId, body);
    throw new OAuthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token');
  }

  /**
   * Ends the session that a refresh token belongs to, with all tokens of it; one that is good for nothing already is no
   * fault. @throws OAuthError unsupported_token_type for an access token, which is good for an hour at most
   */
  async revoke(body: RevokeRequest): Promise<object> {
    const appId = this.knownApp(body.client_id);
    if (body.token.startsWith('eyJ')) {
      throw new OAuthError('unsupported_token_type', 'only refresh tokens can be revoked');
    }
    const hash = isSecret('krr', body.token) ? digestOf(body.token) : '';
    await this.orm.em.fork().transactional(async (em) => {
      const token = await em.findOne(RefreshToken, { hash, appId });
      const session = token && (await lockSession(em, token.sessionId));
      if (!session) return;
      session.end('logout', this.clock.now());
      await audit(em, { userId: session.userId });
    });
    return {};
  }

  /** What apps find out by themselves about this server. */
  metadata(): ServerMetadata {
    const { publicUrl } = this.config;
    return {
      issuer: publicUrl,
      authorization_endpoint: `${publicUrl}/oauth2/authorize`,
      token_endpoint: `${publicUrl}/oauth2/token`,
      revocation_endpoint: `${publicUrl}/oauth2/revoke`,
      end_session_endpoint: `${publicUrl}/oauth2/logout`,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      scopes_supported: [...SCOPES],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      prompt_values_supported: ['none', 'login'],
      authorization_response_iss_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
    };
  }

  private async forCode(appId: string, body: TokenRequest): Promise<OAuthTokens> {
    const { code, redirect_uri: redirectUri, code_verifier: verifier } = body;
    if (!code || !redirectUri || !verifier) {
      throw new OAuthError('invalid_request', 'code, redirect_uri and code_verifier are required');
    }
    const redeemed = await this.orm.em
      .fork()
      .transactional((em) => this.redeem(em, { appId, code, redirectUri, verifier }));
    if (!redeemed) throw new OAuthError('invalid_grant', 'the code is not, or no longer, valid');
    return this.toTokens(redeemed);
  }

  private async forRefreshToken(appId: string, body: TokenRequest): Promise<OAuthTokens> {
    if (!body.refresh_token) throw new OAuthError('invalid_request', 'refresh_token is required');
    const renewal = await this.auth.useUp(body.refresh_token, appId);
    if (!renewal) throw new OAuthError('invalid_grant', 'the refresh token is not, or no longer, valid');
    return this.toTokens({ ...renewal, nonce: null });
  }

  /**
   * Uses a code up; null when it is good for nothing. Whoever lacks the verifier can neither use it nor harm its session;
   * who has it and comes a second time ends the session, because then two hold what only the app should.
   */
  private async redeem(em: EntityManager, given: Redemption): Promise<Redeemed | null> {
    const now = this.clock.now();
    const hash = isSecret('krc', given.code) ? digestOf(given.code) : '';
    const known = await em.findOne(OAuthCode, hash);
    // Only under the session's lock is it certain whether a code was used before.
    const session = known && (await lockSession(em, known.sessionId));
    const code = session && (await em.findOne(OAuthCode, hash, { refresh: true }));
    if (!session || !code || !isMeantFor(code, given)) return null;
    if (code.usedAt) {
      session.end('reuse', now);
      return null;
    }
    const user = await em.findOne(User, { id: session.userId, enabled: true });
    if (!user || !session.isLive(user.tokenVersion, now) || code.expiresAt <= now) return null;
    if (nextPageAfterLogin(user) !== null) return null;
    code.usedAt = now;
    await audit(em, { userId: user.id });
    const grant = { appId: code.appId, scope: code.scope };
    return { ...(await this.auth.renew(em, user, { session, grant }, now)), nonce: code.nonce ?? null };
  }

  private async toTokens(redeemed: Redeemed): Promise<OAuthTokens> {
    const { subject, refreshToken, grant, authenticatedAt, nonce } = redeemed;
    const { appId = '', scope = '' } = grant ?? {};
    const isIdWanted = scope.split(' ').includes('openid');
    return {
      access_token: await this.tokens.sign(subject),
      token_type: 'Bearer',
      expires_in: this.tokens.lifeSeconds,
      refresh_token: refreshToken,
      scope,
      ...(isIdWanted && { id_token: await this.tokens.signId(subject, { appId, nonce, authenticatedAt }) }),
    };
  }

  private knownApp(id: string): string {
    if (this.config.oauth.apps.some((app) => app.id === id)) return id;
    throw new OAuthError('invalid_client', 'client_id is not that of a known app');
  }
}

const lockSession = (em: EntityManager, id: string): Promise<Session | null> =>
  em.findOne(Session, id, { lockMode: LockMode.PESSIMISTIC_WRITE });

const isMeantFor = (code: OAuthCode, { appId, redirectUri, verifier }: Redemption): boolean =>
  code.appId === appId && code.redirectUri === redirectUri && isVerifierOf(code.codeChallenge, verifier);

import { Inject, Injectable, Logger } from '@nestjs/common';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { Login, Logout, Refresh, SessionKey, Token } from '#libs/contract/auth.contract';
import type { Uid } from '#libs/contract/ids';
import { Client } from '#libs/db/entities/client.entity';
import { RefreshToken } from '#libs/db/entities/refresh-token.entity';
import { Session } from '#libs/db/entities/session.entity';
import { User } from '#libs/db/entities/user.entity';
import { plusMs, type Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { verifyPassword } from '#libs/security/password';
import { digestOf, isSecret, newSecret } from '#libs/security/secret';
import { Tokens, type TokenSubject } from '#libs/security/token';
import { issueApiKey } from '../api-keys/issue-api-key.ts';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { toTime } from '../http/time.ts';
import { isSelf, refusePasswordToChange, type Caller } from './caller.ts';
import { nextPageAfterLogin } from './next-page.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
// Access tokens live for a day at most, and one of a session that is not on record counts for nothing.
const SESSIONS_ARE_KEPT_MS = 24 * HOUR_MS;

/** What an app may have of a session. */
export interface AppGrant {
  appId: string;
  scope: string;
}

/** What the tokens of a session are made of. */
export interface Renewal {
  subject: TokenSubject;
  refreshToken: string;
  /** Null when the tokens are nobody's but the caller's. */
  grant: AppGrant | null;
  /** When the session began. */
  authenticatedAt: Date;
}

/** Turns credentials into sessions and tokens, renews and ends them, and publishes the keys that tokens are verified with. */
@Injectable()
export class AuthService {
  private readonly logger = new Logger('auth');

  constructor(
    private readonly orm: MikroORM,
    private readonly tokens: Tokens,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Begins a session for right credentials of an enabled account. Whatever is wrong, answer and work are the same.
   * @throws AppError credentials_invalid, password_change_required
   */
  async login(credentials: Login): Promise<Token> {
    const now = this.clock.now();
    const known = await this.check(credentials);
    return this.toToken(
      await this.orm.em.fork().transactional(async (em) => {
        const user = await unchanged(em, known);
        refusePasswordToChange(user);
        const session = await beginSession(em, user, this.refreshUntil(now), now);
        return this.renew(em, user, { session, grant: null }, now);
      }),
    );
  }

  /** The same with a key for `X-Api-Key` instead of tokens; it is not renewed. @throws AppError credentials_invalid, password_change_required */
  async loginForKey(credentials: Login): Promise<SessionKey> {
    const now = this.clock.now();
    const expiresAt = plusMs(now, this.config.auth.sessionKeyMinutes * MINUTE_MS);
    const known = await this.check(credentials);
    return this.orm.em.fork().transactional(async (em) => {
      const user = await unchanged(em, known);
      refusePasswordToChange(user);
      const session = await beginSession(em, user, expiresAt, now);
      const purpose = { userId: user.id, label: 'session', expiresAt, sessionId: session.id };
      const { value } = await issueApiKey(em, purpose, now);
      return { id: session.id, user: user.uuid, key: value, validUntil: toTime(expiresAt) };
    });
  }

  /**
   * New tokens for a refresh token, which is used up by it. One that comes a second time is in two hands, and nobody
   * knows which are the owner's: its session ends, with all tokens of it.
   * @throws AppError token_invalid, with the same message whatever is wrong
   */
  async refresh({ refresh_token }: Refresh): Promise<Token> {
    const renewal = await this.useUp(refresh_token);
    if (!renewal) throw new AppError('token_invalid', 'invalid refresh token provided');
    return this.toToken(renewal);
  }

  /** Ends the caller's session, or all of them. API keys stay. @throws AppError validation for a key of no session */
  async logout(me: Caller, { all }: Logout): Promise<void> {
    if (all) return this.endAll(me);
    if (me.sessionId === null) {
      throw new AppError('validation', 'this credential has no session: end all, or disable the API key');
    }
    await this.end(me, me.sessionId);
  }

  /** Ends one session of the caller; their own id or UUID stands for all. @throws AppError not_found */
  async endSession(me: Caller, uid: Uid): Promise<void> {
    if (isSelf(me, uid)) return this.endAll(me);
    const isEnded = 'uuid' in uid && (await this.end(me, uid.uuid));
    if (!isEnded) throw new AppError('not_found', 'session not found');
  }

  /** Another access token of a session that goes on. */
  async accessTokenOf(user: User, sessionId: string): Promise<Pick<Token, 'token' | 'expires_in'>> {
    const { uuid } = await this.orm.em.fork().findOneOrFail(Client, user.clientId);
    const token = await this.tokens.sign(subjectOf(user, uuid, sessionId));
    return { token, expires_in: this.tokens.lifeSeconds };
  }

  /** The public keys (RFC 7517). */
  jwks() {
    return this.tokens.jwks();
  }

  /** Whose credentials these are. Whatever is wrong, answer and work are the same. @throws AppError credentials_invalid */
  async check({ email, password }: Login): Promise<User> {
    const user = await this.orm.em.fork().findOne(User, { email, enabled: true });
    const isRight = await verifyPassword(user?.passwordHash ?? null, password);
    if (!user || !isRight) throw credentialsInvalid();
    return user;
  }

  /**
   * Uses a refresh token up; null when it is good for nothing. With `appId`, only that app's tokens are good. One that
   * comes a second time ends its session.
   */
  async useUp(refreshToken: string, appId?: string): Promise<Renewal | null> {
    const hash = isSecret('krr', refreshToken) ? digestOf(refreshToken) : '';
    return this.orm.em.fork().transactional((em) => this.useUpByHash(em, hash, appId));
  }

  private async useUpByHash(em: EntityManager, hash: string, appId?: string): Promise<Renewal | null> {
    const now = this.clock.now();
    const [known] = await em.execute<{ session_id: string }[]>(
      `select session_id from refresh_tokens where hash = ?`,
      [hash],
    );
    // Only under the session's lock is it certain whether a token was used before.
    const session =
      known && (await em.findOne(Session, known.session_id, { lockMode: LockMode.PESSIMISTIC_WRITE }));
    const token = session && (await em.findOne(RefreshToken, hash));
    if (!session || !token || (appId !== undefined && token.appId !== appId)) return null;
    if (token.usedAt) {
      if (!session.endedAt) this.logger.warn({ session_id: session.id }, 'a refresh token came twice');
      session.end('reuse', now);
      return null;
    }
    const user = await em.findOne(User, { id: session.userId, enabled: true });
    if (!user || !session.isLive(user.tokenVersion, now) || token.expiresAt <= now) return null;
    if (nextPageAfterLogin(user) !== null) return null;
    token.usedAt = now;
    session.putOff(this.refreshUntil(now));
    await em.flush();
    // Too old to be used, so that there is nothing to notice when they come again.
    await em.nativeDelete(RefreshToken, { sessionId: session.id, expiresAt: { $lte: now } });
    const grant = token.appId ? { appId: token.appId, scope: token.scope ?? '' } : null;
    return this.renew(em, user, { session, grant }, now);
  }

  /** Makes the next refresh token of a session. */
  async renew(
    em: EntityManager,
    user: User,
    { session, grant }: { session: Session; grant: AppGrant | null },
    now: Date,
  ): Promise<Renewal> {
    const { value, hash } = newSecret('krr');
    const { id: sessionId, expiresAt, createdAt: authenticatedAt } = session;
    em.create(RefreshToken, { hash, sessionId, createdAt: now, expiresAt, ...grant });
    const { uuid } = await em.findOneOrFail(Client, user.clientId);
    return { subject: subjectOf(user, uuid, sessionId), refreshToken: value, grant, authenticatedAt };
  }

  private async toToken({ subject, refreshToken }: Renewal): Promise<Token> {
    return {
      token: await this.tokens.sign(subject),
      refresh_token: refreshToken,
      expires_in: this.tokens.lifeSeconds,
    };
  }

  private async end(me: Caller, sessionId: string): Promise<boolean> {
    return this.orm.em.fork().transactional(async (em) => {
      const session = await em.findOne(
        Session,
        { id: sessionId, userId: me.id, endedAt: null },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      session?.end('logout', this.clock.now());
      return session !== null;
    });
  }

  /** Sessions and tokens carry the version that they were made with, so this one step ends them all. */
  private async endAll(me: Caller): Promise<void> {
    await this.orm.em
      .fork()
      .execute(`update users set token_version = token_version + 1 where id = ?`, [me.id]);
  }

  /** Until when a session lasts that begins, or is used, now. */
  refreshUntil(now: Date): Date {
    return plusMs(now, this.config.auth.refreshTokenHours * HOUR_MS);
  }
}

const credentialsInvalid = () => new AppError('credentials_invalid', 'email/password is invalid');

/**
 * The account whose password was right, kept from being changed until the session is on record.
 * @throws AppError credentials_invalid when it was changed meanwhile
 */
export async function unchanged(em: EntityManager, { id, tokenVersion }: User): Promise<User> {
  const filter = { id, tokenVersion, enabled: true };
  const user = await em.findOne(User, filter, { lockMode: LockMode.PESSIMISTIC_READ });
  if (!user) throw credentialsInvalid();
  return user;
}

/** Records a session (`browserHash`: of a browser with this cookie), and forgets those of the account that are long over. */
export async function beginSession(
  em: EntityManager,
  user: User,
  expiresAt: Date,
  now: Date,
  browserHash: string | null = null,
): Promise<Session> {
  const over = plusMs(now, -SESSIONS_ARE_KEPT_MS);
  await em.nativeDelete(Session, { userId: user.id, expiresAt: { $lt: over } });
  const { id: userId, tokenVersion } = user;
  const session = em.create(Session, { userId, tokenVersion, createdAt: now, expiresAt, browserHash });
  await em.flush();
  return session;
}

const subjectOf = (user: User, clientUuid: string, sessionId: string): TokenSubject => ({
  id: user.id,
  uuid: user.uuid,
  email: user.email,
  firstName: user.firstName ?? null,
  lastName: user.lastName ?? null,
  role: user.role,
  level: user.level ?? null,
  isPlatformAdmin: user.isPlatformAdmin,
  clientUuid,
  tokenVersion: user.tokenVersion,
  sessionId,
});

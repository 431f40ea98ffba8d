import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { Client } from '#libs/db/entities/client.entity';
import { OAuthCode } from '#libs/db/entities/oauth-code.entity';
import { Session } from '#libs/db/entities/session.entity';
import { User } from '#libs/db/entities/user.entity';
import { audit } from '#libs/db/queries/audit';
import { currentAct } from '#libs/db/request-id';
import type { AuthorizationRequest } from '#libs/domain/authorization';
import { plusMs, type Clock } from '#libs/domain/clock';
import { digestOf, newSecret } from '#libs/security/secret';
import type { Login } from '#libs/contract/auth.contract';
import { CLOCK } from '../app.tokens.ts';
import { AuthService, beginSession, unchanged } from '../auth/auth.service.ts';
import { nextPageAfterLogin } from '../auth/next-page.ts';
import { brandOf, type Brand } from '../pages/brand.ts';

// A browser goes from here to the app and the app comes back: seconds. RFC 6749, 4.1.2, allows ten minutes.
const CODE_LIVES_MS = 60_000;

/** Who is logged in with a browser. */
export interface BrowserSession {
  session: Session;
  user: User;
  brand: Brand;
}

/** What came of a log-in: the browser's cookie, and where to go on: a page first, or with a code to the app. */
export interface LoggedIn {
  cookie: string;
  nextPage: string | null;
  /** Null without an app, and while there is a page to go through. */
  code: string | null;
}

/** The log-ins of browsers: sessions like all others, found by the digest of a cookie, and the codes that apps get for them. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly orm: MikroORM,
    private readonly auth: AuthService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Who is logged in with the browser that has this cookie; null when nobody (any more) is. */
  async find(cookie: string | null): Promise<BrowserSession | null> {
    if (cookie === null) return null;
    const em = this.orm.em.fork();
    const session = await em.findOne(Session, { browserHash: digestOf(cookie) });
    const user = session && (await em.findOne(User, { id: session.userId, enabled: true }));
    if (!session || !user || !session.isLive(user.tokenVersion, this.clock.now())) return null;
    return { session, user, brand: brandOf(await em.findOneOrFail(Client, user.clientId)) };
  }

  /**
   * Begins a session in a browser for right credentials, and ends the one that it had.
   * @throws AppError credentials_invalid
   */
  async begin(
    credentials: Login,
    { request, cookie }: { request: AuthorizationRequest | null; cookie: string | null },
  ): Promise<LoggedIn> {
    const now = this.clock.now();
    const known = await this.auth.check(credentials);
    return this.orm.em.fork().transactional(async (em) => {
      const user = await unchanged(em, known);
      await endByCookie(em, cookie, now);
      const { value, hash } = newSecret('krb');
      const session = await beginSession(em, user, this.auth.refreshUntil(now), now, hash);
      // Whoever has just set a password is logged in by the same request, which is on record already.
      if (!currentAct()?.isRecorded) await audit(em, { userId: user.id });
      const nextPage = nextPageAfterLogin(user);
      const code = request && nextPage === null ? await makeCode(em, session, request, now) : null;
      return { cookie: value, nextPage, code };
    });
  }

  /** A code for an app, in a session that was found. */
  async codeFor({ session }: BrowserSession, request: AuthorizationRequest): Promise<string> {
    return this.orm.em.fork().transactional((em) => makeCode(em, session, request, this.clock.now()));
  }

  /** Ends the session of the browser with this cookie, with all tokens that apps have of it. */
  async end(cookie: string | null): Promise<void> {
    await this.orm.em.fork().transactional(async (em) => {
      const userId = await endByCookie(em, cookie, this.clock.now());
      if (userId !== null) await audit(em, { userId });
    });
  }
}

async function makeCode(
  em: EntityManager,
  session: Session,
  request: AuthorizationRequest,
  now: Date,
): Promise<string> {
  // Too old to be used, and never used, so that there is nothing to notice when they come.
  await em.nativeDelete(OAuthCode, { sessionId: session.id, usedAt: null, expiresAt: { $lte: now } });
  const { value, hash } = newSecret('krc');
  const { appId, redirectUri, scope, nonce, codeChallenge } = request;
  em.create(OAuthCode, {
    hash,
    sessionId: session.id,
    appId,
    redirectUri,
    scope,
    nonce,
    codeChallenge,
    createdAt: now,
    expiresAt: plusMs(now, CODE_LIVES_MS),
  });
  await em.flush();
  return value;
}

async function endByCookie(em: EntityManager, cookie: string | null, now: Date): Promise<number | null> {
  if (cookie === null) return null;
  const [ended] = await em.execute<{ user_id: number }[]>(
    `update sessions set ended_at = ?, end_reason = 'logout' where browser_hash = ? and ended_at is null
     returning user_id`,
    [now, digestOf(cookie)],
  );
  return ended?.user_id ?? null;
}

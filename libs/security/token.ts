import { hash, randomUUID, type KeyObject } from 'node:crypto';
import { errors, type JWK, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { ROLE_LEVELS } from '#libs/domain/accounts';
import { type Clock, systemClock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import type { SigningKey, VerificationKey } from './signing-key.ts';

/** The roles an account can have. */
export type TokenRole = 'admin' | 'user' | 'viewer';

/** The user a token is made for. */
export interface TokenSubject {
  id: number;
  uuid: string;
  email: string;
  firstName: string | null;
  lastName: string | null;
  role: TokenRole;
  /** A level of the user's own, 0 to 1000; that of the role when there is none. */
  level?: number | null;
  isPlatformAdmin: boolean;
  /** The UUID of the client that the user belongs to. */
  clientUuid: string;
  /** Raised when the user's earlier tokens must no longer count. */
  tokenVersion: number;
  /** The session that the token belongs to, and ends with. */
  sessionId: string;
}

/** What a token says; other services read it, so names follow the seed documents and Cognito. */
export interface TokenClaims {
  iss: string;
  aud: string[];
  /** The user's UUID. */
  sub: string;
  /** The user's integer id. */
  uid: number;
  /** Seconds since the epoch. */
  iat: number;
  /** Seconds since the epoch. */
  exp: number;
  jti: string;
  /** What it is for: `access` is a credential; `id` tells an app who logged in, and is none. */
  token_use: 'access' | 'id';
  first_name: string;
  last_name: string;
  name: string;
  username: string;
  email: string;
  is_admin: boolean;
  role: TokenRole;
  groups: string[];
  'cognito:groups': string[];
  userUUID: string;
  is_platform_admin: boolean;
  clientId: string;
  'custom:clientId': string;
  entityUUID: string;
  levelOnEntity: number;
  token_version: number;
  /** The session; absent in tokens of versions that had none. */
  sid?: string;
}

/** For which app and which of its requests an id token is. */
export interface IdTokenAudience {
  appId: string;
  /** What the app gave to recognise its request by. */
  nonce: string | null;
  authenticatedAt: Date;
}

const issuer = 'kronus';
const audience = 'kronus';
const rememberedTokens = 10_000;

/** Signs access and id tokens and verifies access tokens (RS256, and nothing else). While keys are changed, two verify. */
export class Tokens {
  readonly #key: SigningKey;
  readonly #verifying: ReadonlyMap<string, VerificationKey>;
  readonly #lifeSeconds: number;
  readonly #clock: Clock;
  // Verification dominates the cost of a request. Digests, because a token is as good as a password.
  readonly #verified = new LRUCache<string, Readonly<TokenClaims>>({ max: rememberedTokens });

  /** `otherKeys` verify too: the key before this one, or the next. */
  constructor(
    key: SigningKey,
    options: { accessTokenMinutes: number; otherKeys?: readonly VerificationKey[]; clock?: Clock },
  ) {
    this.#key = key;
    this.#verifying = new Map([key, ...(options.otherKeys ?? [])].map((each) => [each.kid, each]));
    this.#lifeSeconds = options.accessTokenMinutes * 60;
    this.#clock = options.clock ?? systemClock;
  }

  /** How long an access token is good for, in seconds. */
  get lifeSeconds(): number {
    return this.#lifeSeconds;
  }

  /** Makes an access token; each one has its own `jti`. */
  sign(subject: TokenSubject): Promise<string> {
    return this.#sign({ ...claimsOf(subject), token_use: 'access' }, [audience]);
  }

  /** Makes an id token with the same claims, for an app. Source: OpenID Connect Core, section 2. */
  signId(subject: TokenSubject, { appId, nonce, authenticatedAt }: IdTokenAudience): Promise<string> {
    const claims = {
      ...claimsOf(subject),
      token_use: 'id' as const,
      azp: appId,
      auth_time: Math.floor(authenticatedAt.getTime() / 1000),
      ...(nonce !== null && { nonce }),
    };
    return this.#sign(claims, [audience, appId]);
  }

  #sign(claims: Pick<TokenClaims, 'sub' | 'token_use'>, audiences: string[]): Promise<string> {
    const issuedAt = this.#nowSeconds();
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.#key.kid })
      .setIssuer(issuer)
      .setAudience(audiences)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + this.#lifeSeconds)
      .setJti(randomUUID())
      .sign(this.#key.privateKey);
  }

  /**
   * The claims of a token that this server signed and that has not expired. Says nothing about the user's present
   * state: deleted users and changed roles are the caller's to check.
   * @throws AppError token_invalid, with the same message whatever is wrong.
   */
  async verify(token: string): Promise<Readonly<TokenClaims>> {
    const digest = hash('sha256', token, 'base64');
    const remembered = this.#verified.get(digest);
    if (remembered && remembered.exp > this.#nowSeconds()) return remembered;
    this.#verified.delete(digest);

    const claims = Object.freeze(await this.#check(token));
    this.#verified.set(digest, claims);
    return claims;
  }

  /** The public keys that others verify our tokens with (RFC 7517). */
  jwks(): { keys: JWK[] } {
    return { keys: [...this.#verifying.values()].map(({ publicJwk }) => publicJwk) };
  }

  async #check(token: string): Promise<TokenClaims> {
    try {
      const { payload } = await jwtVerify<TokenClaims>(token, ({ kid }) => this.#keyOf(kid), {
        algorithms: ['RS256'],
        issuer,
        audience,
        currentDate: this.#clock.now(),
        requiredClaims: ['sub', 'uid', 'iat', 'exp', 'jti'],
      });
      if (isAccess(payload)) return payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
    throw new AppError('token_invalid', 'invalid token provided');
  }

  #keyOf(kid: string | undefined): KeyObject {
    const key = this.#verifying.get(kid ?? '');
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }
}

function claimsOf(
  subject: TokenSubject,
): Omit<TokenClaims, 'iss' | 'aud' | 'iat' | 'exp' | 'jti' | 'token_use'> {
  const groups = [subject.role === 'admin' ? 'admins' : 'users'];
  return {
    sub: subject.uuid,
    uid: subject.id,
    first_name: subject.firstName ?? '',
    last_name: subject.lastName ?? '',
    name: [subject.firstName, subject.lastName].filter(Boolean).join(' '),
    username: subject.email,
    email: subject.email,
    is_admin: subject.role === 'admin',
    role: subject.role,
    groups,
    'cognito:groups': groups,
    userUUID: subject.uuid,
    is_platform_admin: subject.isPlatformAdmin,
    clientId: subject.clientUuid,
    'custom:clientId': subject.clientUuid,
    entityUUID: subject.clientUuid,
    levelOnEntity: subject.level ?? ROLE_LEVELS[subject.role],
    token_version: subject.tokenVersion,
    sid: subject.sessionId,
  };
}

const uuidForm = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const maxId = 2_147_483_647; // PostgreSQL's integer
const isId = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxId;
const isUuid = (value: unknown) => typeof value === 'string' && uuidForm.test(value);

/** Whether what the database is asked by has the right form; whoever holds our key may sign tokens for other uses. */
const isAccess = ({ token_use, uid, sub, token_version, sid }: TokenClaims): boolean =>
  token_use === 'access' &&
  isId(uid) &&
  isUuid(sub) &&
  Number.isInteger(token_version) &&
  (sid === undefined || isUuid(sid));

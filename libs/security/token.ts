import { hash, randomUUID } from 'node:crypto';
import { errors, type JWK, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { ROLE_LEVELS } from '#libs/domain/accounts';
import { type Clock, systemClock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import type { SigningKey } from './signing-key.ts';

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
  token_use: 'access';
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
}

const issuer = 'kronus';
const audience = 'kronus';
const rememberedTokens = 10_000;

/** Signs and verifies access tokens (RS256). */
export class Tokens {
  readonly #key: SigningKey;
  readonly #lifeSeconds: number;
  readonly #clock: Clock;
  // Verification dominates the cost of a request. Digests, because a token is as good as a password.
  readonly #verified = new LRUCache<string, Readonly<TokenClaims>>({ max: rememberedTokens });

  constructor(key: SigningKey, options: { accessTokenMinutes: number; clock?: Clock }) {
    this.#key = key;
    this.#lifeSeconds = options.accessTokenMinutes * 60;
    this.#clock = options.clock ?? systemClock;
  }

  /** Makes an access token; each one has its own `jti`. */
  sign(subject: TokenSubject): Promise<string> {
    const issuedAt = this.#nowSeconds();
    const groups = [subject.role === 'admin' ? 'admins' : 'users'];
    const claims: Omit<TokenClaims, 'iss' | 'aud' | 'sub' | 'iat' | 'exp' | 'jti'> = {
      uid: subject.id,
      token_use: 'access',
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
    };
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.#key.kid })
      .setIssuer(issuer)
      .setAudience([audience])
      .setSubject(subject.uuid)
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
    return { keys: [this.#key.publicJwk] };
  }

  async #check(token: string): Promise<TokenClaims> {
    try {
      const { payload } = await jwtVerify<TokenClaims>(token, this.#key.publicKey, {
        algorithms: ['RS256'],
        issuer,
        audience,
        currentDate: this.#clock.now(),
        requiredClaims: ['sub', 'uid', 'iat', 'exp', 'jti'],
      });
      if (payload.token_use === 'access') return payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
    throw new AppError('token_invalid', 'invalid token provided');
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }
}

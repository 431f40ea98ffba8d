import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Config } from '#libs/config/config';
import { AppError } from '#libs/domain/errors';
import type { Limits, Rule } from '#libs/limits/limits';
import { pathOf } from '../http/request-log.ts';
import { addressOf, callerOf, credentialOf, digest } from './callers.ts';
import { kindOf, limitRules } from './limit.rules.ts';

const MOST_KNOWN = 10_000;
const KNOWN_FOR_MS = 10 * 60_000;

/** What is counted for a request: a rule and a key. */
type Count = readonly [Rule, string];

/**
 * Lets no caller ask more than the rules say. Each request is counted once:
 *
 * - one with a credential that was good before, for that caller, before anything is looked up;
 * - one with another credential, for the caller once it proved good, for its address when it did not; while the
 *   address has no room left it is not even looked at;
 * - one without, for its address.
 */
export class RequestGate {
  readonly #rules: ReturnType<typeof limitRules>;
  readonly #known = new LRUCache<string, string>({ max: MOST_KNOWN, ttl: KNOWN_FOR_MS });
  readonly #counted = new WeakSet<FastifyRequest>();
  readonly #logins = new WeakMap<FastifyRequest, Count[]>();

  constructor(
    private readonly limits: Limits,
    config: Config['limits'],
  ) {
    this.#rules = limitRules(config);
  }

  /** Before a request is read. @throws AppError rate_limited */
  async enter(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.kindOf(request) !== 'caller') return;
    const credential = credentialOf(request);
    const caller = credential === null ? addressOf(request.ip) : this.#known.get(digest(credential));
    if (caller !== undefined) return this.count(request, reply, [[this.#rules.caller, caller]]);
    const wait = await this.limits.look(this.#rules.caller, addressOf(request.ip));
    if (wait !== null) throw tooMany(reply, wait);
  }

  /**
   * Before a log-in is tried, or a code asked for: `account` is the name that was given, if any.
   * @throws AppError rate_limited
   */
  async enterLogin(request: FastifyRequest, reply: FastifyReply, account: string | null): Promise<void> {
    const kind = this.kindOf(request);
    if (kind !== 'login' && kind !== 'code') return;
    const { codesOfAddress, codesOfAccount, loginsOfAddress } = this.#rules;
    const address = addressOf(request.ip);
    const name = account === null ? null : digest(account.trim().toLowerCase());
    // In this order: what one address does too much does not use up the room of the account's owner elsewhere.
    if (kind === 'code') {
      const ofAccount: Count[] = name === null ? [] : [[codesOfAccount, name]];
      return this.count(request, reply, [[codesOfAddress, address], ...ofAccount]);
    }
    const counts: Count[] = [[loginsOfAddress, address]];
    if (name !== null) counts.push(...this.loginsOf(name, address));
    await this.count(request, reply, counts);
    this.#logins.set(request, counts);
  }

  /** After a request was found to be somebody's, or allowed to be nobody's. @throws AppError rate_limited */
  async pass(request: FastifyRequest, reply: FastifyReply, user: { id: number } | undefined): Promise<void> {
    const kind = this.kindOf(request);
    // Twilio's signature was checked by now: what is not signed can not use up the room of what is.
    if (kind === 'webhook') return this.count(request, reply, [[this.#rules.webhook, 'all']]);
    // Somebody who is known tries their password again.
    if (kind === 'login' && user) {
      const counts = this.loginsOf(`user:${user.id}`, addressOf(request.ip));
      await this.count(request, reply, counts);
      this.#logins.set(request, [...(this.#logins.get(request) ?? []), ...counts]);
    }
    if (kind !== 'caller' || this.#counted.has(request)) return;
    const credential = credentialOf(request);
    const caller = user && credential !== null ? callerOf(credential, user) : addressOf(request.ip);
    if (user && credential !== null) this.#known.set(digest(credential), caller);
    await this.count(request, reply, [[this.#rules.caller, caller]]);
  }

  /**
   * Before an answer is sent: a refused credential counts for its address, and a log-in that did not fail for the
   * credentials' sake counts for nothing. Answers the error to send instead, or null.
   */
  async leave(request: FastifyRequest, reply: FastifyReply): Promise<AppError | null> {
    if (reply.statusCode !== 401) {
      const counts = this.#logins.get(request) ?? [];
      await Promise.all(counts.map(([rule, key]) => this.limits.giveBack(rule, key)));
      return null;
    }
    const credential = credentialOf(request);
    if (credential !== null) this.#known.delete(digest(credential));
    const kind = this.kindOf(request);
    if ((kind !== 'caller' && kind !== 'webhook') || this.#counted.has(request)) return null;
    const wait = await this.limits.take(this.#rules.caller, addressOf(request.ip));
    return wait === null ? null : tooMany(reply, wait);
  }

  private loginsOf(name: string, address: string): Count[] {
    return [
      [this.#rules.loginHere, `${name}:${address}`],
      [this.#rules.loginsOfAccount, name],
    ];
  }

  private async count(request: FastifyRequest, reply: FastifyReply, counts: Count[]): Promise<void> {
    this.#counted.add(request);
    for (const [rule, key] of counts) {
      const wait = await this.limits.take(rule, key);
      if (wait !== null) throw tooMany(reply, wait);
    }
  }

  private kindOf({ method, url }: FastifyRequest) {
    return kindOf(method, pathOf(url));
  }
}

/** A refusal, with its time to wait (in whole seconds, RFC 9110, section 10.2.3) already on the answer. */
function tooMany(reply: FastifyReply, waitMs: number): AppError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  reply.header('Retry-After', String(seconds));
  return new AppError('rate_limited', `too many requests: try again in ${seconds} s`);
}

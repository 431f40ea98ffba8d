import { Inject, Injectable } from '@nestjs/common';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type {
  ApiKeyView,
  CreateApiKey,
  NewApiKeyView,
  RotateApiKey,
  UpdateApiKey,
} from '#libs/contract/api-key.contract';
import type { Uid } from '#libs/contract/ids';
import type { PageQuery } from '#libs/contract/paging';
import { ApiKey } from '#libs/db/entities/api-key.entity';
import { User } from '#libs/db/entities/user.entity';
import { plusMs, type Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { CLOCK } from '../app.tokens.ts';
import { isSelf, withinReach, type Caller } from '../auth/caller.ts';
import { Page, slice, totalOf } from '../http/paging.ts';
import { toApiKeyView, toNewApiKeyView } from './api-key.view.ts';
import { issueApiKey } from './issue-api-key.ts';

/** How many keys one account may have. */
export const MAX_API_KEYS = 50;
const MINUTE_MS = 60_000;

/** The API keys of accounts. Those that a log-in gave out belong to their session and are not listed. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Makes a key for the caller. @throws AppError validation, conflict when there are too many, token_invalid */
  async create(me: Caller, body: CreateApiKey): Promise<NewApiKeyView> {
    const now = this.clock.now();
    const expiresAt = futureOf(body.expires_at, now) ?? null;
    return this.orm.em.fork().transactional(async (em) => {
      await mustHaveRoom(em, me, now);
      return toNewApiKeyView(await issueApiKey(em, { userId: me.id, label: body.label, expiresAt }, now));
    });
  }

  /** The keys of an account within the caller's reach, newest first. @throws AppError not_found */
  async list(me: Caller, uid: Uid, query: PageQuery): Promise<Page<ApiKeyView>> {
    const em = this.orm.em.fork();
    const filter = { userId: await ownerOf(em, me, uid), sessionId: null };
    const keys = await em.find(ApiKey, filter, {
      orderBy: { createdAt: 'desc', id: 'desc' },
      ...slice(query),
    });
    const total = totalOf(keys, query) ?? (await em.count(ApiKey, filter));
    return new Page(keys.map(toApiKeyView), total, query);
  }

  /** @throws AppError not_found */
  async get(me: Caller, uid: Uid, id: string): Promise<ApiKeyView> {
    const em = this.orm.em.fork();
    return toApiKeyView(await keyOf(em, await ownerOf(em, me, uid), id));
  }

  /**
   * Changes a key of the caller, or disables one of somebody within their reach.
   * @throws AppError not_found, forbidden, validation
   */
  async update(me: Caller, uid: Uid, id: string, body: UpdateApiKey): Promise<ApiKeyView> {
    const now = this.clock.now();
    const expiresAt = futureOf(body.expires_at, now);
    return this.orm.em.fork().transactional(async (em) => {
      const key = await keyOf(em, await ownerOf(em, me, uid), id, true);
      if (!isSelf(me, uid) && !isDisabling(body)) throw new AppError('forbidden', 'action is forbidden');
      em.assign(key, {
        ...(body.label !== undefined && { label: body.label }),
        ...(body.enabled !== undefined && { enabled: body.enabled }),
        ...(expiresAt !== undefined && { expiresAt }),
        updatedAt: now,
      });
      await em.flush();
      return toApiKeyView(key);
    });
  }

  /** Deletes a key of the caller. @throws AppError not_found */
  async remove(me: Caller, id: string): Promise<void> {
    await this.orm.em.fork().transactional(async (em) => {
      em.remove(await keyOf(em, me.id, id, true));
    });
  }

  /**
   * Replaces a key of the caller by a new one with the same label; the old one works for the overlap. A key is rotated
   * once, so that an answer that was lost cannot leave keys that nobody knows of.
   * @throws AppError not_found, validation, conflict when it is disabled, expired or rotated already
   */
  async rotate(me: Caller, id: string, body: RotateApiKey): Promise<NewApiKeyView> {
    const now = this.clock.now();
    const given = futureOf(body.expires_at, now);
    return this.orm.em.fork().transactional(async (em) => {
      const old = await keyOf(em, me.id, id, true);
      if (old.replacedBy) throw new AppError('conflict', 'it was rotated already: see replaced_by');
      if (!old.isUsable(now))
        throw new AppError('conflict', 'a key that is disabled or expired is not rotated');
      await mustHaveRoom(em, me, now);
      const expiresAt = given === undefined ? sameLife(old, now) : given;
      const issued = await issueApiKey(em, { userId: me.id, label: old.label, expiresAt }, now);
      old.endAt(plusMs(now, body.overlap_minutes * MINUTE_MS));
      em.assign(old, { replacedBy: issued.row.id, updatedAt: now });
      await em.flush();
      return toNewApiKeyView(issued);
    });
  }
}

/** The account of a path, if the caller may know of it. @throws AppError not_found */
async function ownerOf(em: EntityManager, me: Caller, uid: Uid): Promise<number> {
  if (isSelf(me, uid)) return me.id;
  const user = await em.findOne(User, { ...uid, ...withinReach(me) });
  if (!user) throw new AppError('not_found', 'user not found');
  return user.id;
}

/** One key of an account, locked if it is to be changed. @throws AppError not_found */
async function keyOf(em: EntityManager, userId: number, id: string, isLocked = false): Promise<ApiKey> {
  const lockMode = isLocked ? LockMode.PESSIMISTIC_WRITE : undefined;
  const key = await em.findOne(ApiKey, { id, userId, sessionId: null }, { lockMode });
  if (!key) throw new AppError('not_found', 'API key not found');
  return key;
}

/** Makes new keys of one account wait for each other, drops those that were replaced and are over, and counts. */
async function mustHaveRoom(em: EntityManager, me: Caller, now: Date): Promise<void> {
  const owner = await em.execute(`select 1 from users where id = ? and enabled for no key update`, [me.id]);
  if (owner.length === 0) throw new AppError('token_invalid', 'invalid token provided');
  await em.nativeDelete(ApiKey, { userId: me.id, replacedBy: { $ne: null }, expiresAt: { $lte: now } });
  if ((await em.count(ApiKey, { userId: me.id, sessionId: null })) >= MAX_API_KEYS) {
    throw new AppError('conflict', `an account has at most ${MAX_API_KEYS} API keys: delete one first`);
  }
}

const isDisabling = ({ label, enabled, expires_at }: UpdateApiKey) =>
  enabled === false && label === undefined && expires_at === undefined;

/** How long the old key was made for, from now. */
const sameLife = (old: ApiKey, now: Date): Date | null =>
  old.expiresAt ? plusMs(now, old.expiresAt.getTime() - old.createdAt.getTime()) : null;

/** A moment that was given; undefined when none was, null for never. @throws AppError validation when it has passed */
function futureOf(text: string | null | undefined, now: Date): Date | null | undefined {
  if (text === undefined || text === null) return text;
  const moment = new Date(text);
  if (moment <= now) throw new AppError('validation', 'expires_at must be in the future');
  return moment;
}

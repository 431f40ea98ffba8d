import { Inject, Injectable } from '@nestjs/common';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { Uid } from '#libs/contract/ids';
import type { PageQuery } from '#libs/contract/paging';
import type { CreatedUserView, NewUser, UpdateUser, UserView } from '#libs/contract/user.contract';
import { DEFAULT_CLIENT_ID } from '#libs/db/entities/client.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { audit } from '#libs/db/queries/audit';
import { changePassword, withdrawCode } from '#libs/db/queries/passwords';
import { lockPerson } from '#libs/db/queries/person';
import { Wakeups } from '#libs/db/queries/wakeups';
import { creationFault } from '#libs/domain/accounts';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { hashPassword } from '#libs/security/password';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { toNewApiKeyView } from '../api-keys/api-key.view.ts';
import { issueApiKey } from '../api-keys/issue-api-key.ts';
import { actingClientId, isSelf, withinReach, type Caller } from '../auth/caller.ts';
import type { Viewpoint } from '../probe-settings/probe-settings.view.ts';
import { Page, slice, totalOf } from '../http/paging.ts';
import { lockAccount, lockAccounts, mustStillBeAdmin } from './account.row.ts';
import { PERSON_QUERY, toPersonView, toUserView, type PersonRow } from './user.view.ts';
import { mustBeVersion } from '../http/version.ts';

/** The label of the key that every account begins with. */
const FIRST_KEY = 'default';

/** Accounts and what they may do to each other. */
@Injectable()
export class UsersService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Creates an account in the caller's client, or in the one that the platform admin chose. Without a caller it is the
   * very first: admin of the default client and of the platform; of several at once exactly one succeeds. Without a
   * password nobody can log in to it yet. Its first API key is shown only in this answer.
   * @throws AppError unauthenticated, token_invalid, forbidden, validation, not_found, email_taken, phone_taken
   */
  async create(me: Caller | null, body: NewUser): Promise<CreatedUserView> {
    const fault = creationFault(me, { role: body.role, clientId: body.client_id });
    // While there is a first account, nobody is told what would be wrong with another one.
    if (fault && me) throw new AppError(fault.code, fault.message);
    const passwordHash = body.password === undefined ? null : await hashPassword(body.password);
    const now = this.clock.now();
    return this.orm.em.fork().transactional(async (em) => {
      await lockAccounts(em);
      if (me) await mustStillBeAdmin(em, me);
      else await mustBeFirst(em);
      if (fault) throw new AppError(fault.code, fault.message);
      const clientId = me ? (body.client_id ?? actingClientId(me)) : DEFAULT_CLIENT_ID;
      await mustBeClient(em, clientId);
      const user = em.create(User, {
        ...profileOf(body),
        email: body.email,
        passwordHash,
        mustChangePassword: passwordHash !== null && body.must_change_password === true,
        clientId,
        roleId: me ? ROLES[body.role ?? 'user'] : ROLES.admin,
        isPlatformAdmin: !me,
        createdAt: now,
        updatedAt: now,
      });
      await em.flush();
      const settings = em.create(ProbeSettings, { userId: user.id, createdAt: now, updatedAt: now });
      const key = await issueApiKey(em, { userId: user.id, label: FIRST_KEY, expiresAt: null }, now);
      await em.flush();
      await audit(em, { userId: user.id });
      return { ...toUserView(user, settings, this.viewpoint()), api_keys: [toNewApiKeyView(key)] };
    });
  }

  /** The accounts within the caller's reach, newest first. */
  async list(me: Caller, query: PageQuery): Promise<Page<UserView>> {
    const em = this.orm.em.fork();
    const { limit, offset } = slice(query);
    const rows = await em.execute<PersonRow[]>(
      `${PERSON_QUERY} where ?::int is null or u.client_id = ? order by u.id desc limit ? offset ?`,
      [clientOf(me), clientOf(me), limit, offset],
    );
    const total = totalOf(rows, query) ?? (await em.count(User, withinReach(me)));
    const from = this.viewpoint();
    return new Page(
      rows.map((row) => toPersonView(row, from)),
      total,
      query,
    );
  }

  /** One account within the caller's reach. @throws AppError not_found */
  async get(me: Caller, uid: Uid): Promise<UserView> {
    const [row] = await this.orm.em
      .fork()
      .execute<PersonRow[]>(
        `${PERSON_QUERY} where ${'id' in uid ? 'u.id' : 'u.uuid'} = ? and (?::int is null or u.client_id = ?)`,
        ['id' in uid ? uid.id : uid.uuid, clientOf(me), clientOf(me)],
      );
    if (!row) throw new AppError('not_found', 'user not found');
    return toPersonView(row, this.viewpoint());
  }

  /**
   * Changes the caller's own account. A new password ends every token that was given out before, and the person is told
   * of it where they were reached until then; a code for another one does not outlive a new number or address.
   * @throws AppError conflict when a version is named that is not the present one, email_taken, phone_taken
   */
  async update(me: Caller, body: UpdateUser, ifMatch: number | undefined): Promise<UserView> {
    const passwordHash = body.password === undefined ? undefined : await hashPassword(body.password);
    const { wakeups } = this;
    const now = this.clock.now();
    const hasMail = this.config.mail !== null;
    const { view, owed } = await this.orm.em.fork().transactional(async (em) => {
      // The person's lock first, as everywhere: a new number changes what is known of their phone.
      const settings = await lockPerson(em, me.id);
      const user = await em.findOne(User, { id: me.id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!user || !settings) throw new AppError('not_found', 'user not found');
      mustBeVersion(user.version, ifMatch, body.version);
      const isNewNumber = body.phone_number !== undefined && body.phone_number !== user.phoneNumber;
      if (isNewNumber) settings.forgetReachability();
      const isNewAddress = body.email !== undefined && body.email !== user.email;
      if (isNewNumber || isNewAddress) await withdrawCode(em, user.id, now);
      const reachedAt = { phoneNumber: user.phoneNumber, email: user.email };
      em.assign(user, { ...profileOf(body), ...(body.email !== undefined && { email: body.email }) });
      const owed = passwordHash
        ? await changePassword(em, wakeups, { user, reachedAt, passwordHash, hasMail, now })
        : [];
      await em.flush();
      await audit(em);
      return { view: toUserView(user, settings, this.viewpoint()), owed };
    });
    for (const { kind, entityId } of owed) wakeups.deliver(kind, entityId);
    return view;
  }

  /**
   * Deletes an account with its contacts, settings and probes, and ends what was running for it. The first account
   * goes last, because nobody else could ever administer the platform.
   * @throws AppError not_found, conflict, token_invalid
   */
  async remove(me: Caller, uid: Uid): Promise<void> {
    const userId = await this.orm.em.fork().transactional(async (em) => {
      await lockAccounts(em);
      if (!isSelf(me, uid)) await mustStillBeAdmin(em, me);
      const { user } = await lockAccount(em, me, uid);
      if (user.isPlatformAdmin) await mustBeLast(em, user);
      await this.wakeups.record(em, { kind: 'probe', entityId: user.id, signal: 'cancel' });
      await audit(em, { userId: user.id });
      em.remove(user);
      return user.id;
    });
    this.wakeups.deliver('probe', userId);
  }

  private viewpoint(): Viewpoint {
    return { timeZone: this.config.timeZone, now: this.clock.now() };
  }
}

const clientOf = (me: Caller) => withinReach(me).clientId ?? null;

const profileOf = ({ first_name, last_name, phone_number }: UpdateUser) => ({
  ...(first_name !== undefined && { firstName: first_name }),
  ...(last_name !== undefined && { lastName: last_name }),
  ...(phone_number !== undefined && { phoneNumber: phone_number }),
});

/** Holds the client so that it is not deleted meanwhile. */
async function mustBeClient(em: EntityManager, id: number): Promise<void> {
  const found = await em.execute(`select 1 from clients where id = ? for key share`, [id]);
  if (found.length === 0) throw new AppError('not_found', 'client not found');
}

async function mustBeFirst(em: EntityManager): Promise<void> {
  if ((await em.count(User)) > 0) throw new AppError('unauthenticated', 'no token provided');
}

async function mustBeLast(em: EntityManager, user: User): Promise<void> {
  if ((await em.count(User, { id: { $ne: user.id } })) > 0) {
    throw new AppError('conflict', 'the first account can only be deleted when no other account is left');
  }
}

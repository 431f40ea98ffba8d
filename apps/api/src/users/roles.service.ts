import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { Uid } from '#libs/contract/ids';
import type { ChangeRights } from '#libs/contract/role.contract';
import type { UserView } from '#libs/contract/user.contract';
import { ROLES, type User } from '#libs/db/entities/user.entity';
import { stopChecks } from '#libs/db/queries/stop-checks';
import { Wakeups } from '#libs/db/queries/wakeups';
import { rightsFault } from '#libs/domain/accounts';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import type { Caller } from '../auth/caller.ts';
import { lockAccount, lockAccounts, mustStillBeAdmin } from './account.row.ts';
import { toUserView } from './user.view.ts';
import { mustBeVersion } from '../http/version.ts';

/** What accounts may do, and whether they may do anything. */
@Injectable()
export class RolesService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Changes the rights of an account within the caller's reach, at once: tokens that say otherwise end. A disabled
   * person is not checked on any more: their schedule goes off, pending and waiting checks are called off; enabling
   * turns none of it on again.
   * @throws AppError not_found, forbidden, conflict (their own role or access, another version)
   */
  async change(me: Caller, uid: Uid, body: ChangeRights, ifMatch: number | undefined): Promise<UserView> {
    const { wakeups } = this;
    const { timeZone } = this.config;
    const now = this.clock.now();
    const { view, isNews } = await this.orm.em.fork().transactional(async (em) => {
      await lockAccounts(em);
      await mustStillBeAdmin(em, me);
      const { user, settings } = await lockAccount(em, me, uid);
      const fault = rightsFault(me, user, body);
      if (fault) throw new AppError(fault.code, fault.message);
      mustBeVersion(user.version, ifMatch, body.version);
      if (apply(user, body)) user.tokenVersion += 1;
      const isNews = !user.enabled && (await stopChecks(em, { wakeups, settings, timeZone, now }));
      if (isNews) await wakeups.record(em, { kind: 'probe', entityId: user.id, signal: 'settingsChanged' });
      await em.flush();
      return { view: toUserView(user, settings, { timeZone, now }), isNews };
    });
    if (isNews) wakeups.deliver('probe', view.id);
    return view;
  }
}

/** Takes over what was given; true when anything is different now. */
function apply(user: User, { role, level, enabled }: ChangeRights): boolean {
  const before = rightsOf(user);
  if (role !== undefined) user.roleId = ROLES[role];
  if (level !== undefined) user.level = level;
  user.enabled = enabled ?? user.enabled;
  return rightsOf(user) !== before;
}

const rightsOf = ({ roleId, level, enabled }: User) => JSON.stringify([roleId, level ?? null, enabled]);

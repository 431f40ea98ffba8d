import { LockMode, type EntityManager } from '@mikro-orm/postgresql';
import type { Uid } from '#libs/contract/ids';
import type { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { lockPerson } from '#libs/db/queries/person';
import { AppError } from '#libs/domain/errors';
import { withinReach, type Caller } from '../auth/caller.ts';

// Any number that nothing else uses.
const ACCOUNTS_LOCK = 7_700_001;

/**
 * Held while accounts are created and deleted and their rights change, so that the first is one, the platform admin
 * goes last, and two admins cannot take each other's rights at once. Before any other lock.
 */
export const lockAccounts = (em: EntityManager) =>
  em.execute(`select pg_advisory_xact_lock(?)`, [ACCOUNTS_LOCK]);

/** Refuses an admin who lost their rights while the request waited for `lockAccounts`. @throws AppError token_invalid */
export async function mustStillBeAdmin(em: EntityManager, me: Caller): Promise<void> {
  if ((await em.count(User, { id: me.id, enabled: true, roleId: ROLES.admin })) === 0) {
    throw new AppError('token_invalid', 'invalid token provided');
  }
}

/**
 * One account within the caller's reach, locked: first the person, then the account, as everywhere, so that no two
 * requests can lock each other out.
 * @throws AppError not_found
 */
export async function lockAccount(
  em: EntityManager,
  me: Caller,
  uid: Uid,
): Promise<{ user: User; settings: ProbeSettings }> {
  const found = await em.findOne(User, { ...uid, ...withinReach(me) });
  const settings = found && (await lockPerson(em, found.id));
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
  const user = settings && (await em.findOne(User, { id: found.id }, lock));
  if (!user) throw new AppError('not_found', 'user not found');
  return { user, settings };
}

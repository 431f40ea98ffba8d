import type { EntityManager } from '@mikro-orm/postgresql';
import type { Uid } from '#libs/contract/ids';
import { Probe } from '#libs/db/entities/probe.entity';
import { AppError } from '#libs/domain/errors';
import { withinReach, type Caller } from '../auth/caller.ts';

/** Which probe: by its id, and by whose it is where the path says so. */
export interface ProbePath {
  id: number;
  uid?: Uid;
}

/** As `withinReach`, by way of the person. */
export function ofUsersWithinReach(me: Caller, uid: Uid | undefined = undefined): object {
  const reach = { ...withinReach(me), ...uid };
  return Object.keys(reach).length === 0 ? {} : { userId: reach };
}

/** One probe within the caller's reach. @throws AppError not_found, also for a probe of somebody else than `uid` */
export async function findProbe(em: EntityManager, me: Caller, { id, uid }: ProbePath): Promise<Probe> {
  const probe = await em.findOne(Probe, { id, ...ofUsersWithinReach(me, uid) });
  if (!probe) throw new AppError('not_found', 'probe not found');
  return probe;
}

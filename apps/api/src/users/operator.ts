import { randomUUID } from 'node:crypto';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import { BulkUser } from '#libs/contract/client-users.contract';
import { ClientRef } from '#libs/contract/ids';
import type { CreatedUserView } from '#libs/contract/user.contract';
import { Client } from '#libs/db/entities/client.entity';
import { User } from '#libs/db/entities/user.entity';
import { Wakeups } from '#libs/db/queries/wakeups';
import { beginAct, onBehalfOf } from '#libs/db/request-id';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import type { Caller } from '../auth/caller.ts';
import { toFailure } from '../http/failure.ts';
import { UsersService } from './users.service.ts';

/** What the operator says about a new account, as it was typed. */
export interface OperatorUser {
  email: string;
  password?: string | undefined;
  first_name?: string | undefined;
  last_name?: string | undefined;
  phone_number?: string | undefined;
  role?: string | undefined;
  must_change_password?: boolean | undefined;
  /** The integer id, the UUID or the name of its client. */
  client?: string | undefined;
}

/** What the operator works with. */
export interface OperatorDeps {
  orm: MikroORM;
  config: Config;
  clock: Clock;
}

/** Where the audit log says that it came from. */
const COMMAND_LINE = 'command line';

/**
 * Creates an account by the rules of the API: the very first as the platform's admin, each other one as that admin
 * would. It is in the audit log, as nobody's act.
 * @throws Error with a sentence for each fault
 */
export async function createUserAsOperator(
  deps: OperatorDeps,
  { client, ...given }: OperatorUser,
): Promise<CreatedUserView> {
  try {
    const parsed = BulkUser.safeParse(given);
    if (!parsed.success)
      throw new AppError(
        'validation',
        parsed.error.issues.map(({ message }) => message),
      );
    const me = await platformAdmin(deps.orm);
    const clientId = client === undefined ? undefined : await clientIdOf(deps.orm, client);
    // Nobody calls: create() owes no signals.
    const wakeups = new Wakeups(
      deps.orm,
      async () => undefined,
      () => undefined,
    );
    const users = new UsersService(deps.orm, wakeups, deps.clock, deps.config);
    return await onBehalfOf(randomUUID(), () => {
      beginAct({
        action: 'users.create',
        at: deps.clock.now(),
        address: COMMAND_LINE,
        actor: () => null,
        fields: () => Object.keys(parsed.data).sort(),
        isRecorded: false,
      });
      return users.create(me, { ...parsed.data, client_id: clientId });
    });
  } catch (error) {
    const { status, messages } = toFailure(error);
    if (status >= 500) throw error;
    throw Object.assign(new Error(messages.join('; ')), { faults: messages });
  }
}

/** Who creates all accounts but the first, which they are themself; null while there is none. */
async function platformAdmin(orm: MikroORM): Promise<Caller | null> {
  const user = await orm.em.fork().findOne(User, { isPlatformAdmin: true });
  if (!user) return null;
  const { id, uuid, clientId, role } = user;
  return { id, uuid, clientId, role, isPlatformAdmin: true, sessionId: null, keyId: null };
}

async function clientIdOf(orm: MikroORM, given: string): Promise<number> {
  const ref = ClientRef.safeParse(given);
  const found = await orm.em.fork().findOne(Client, ref.success ? ref.data : { name: given });
  if (!found) throw new AppError('not_found', `there is no client ${JSON.stringify(given)}`);
  return found.id;
}

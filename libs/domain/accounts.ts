/** What an account may do; the numbers and the words for others are derived from it. */
export type AccountRole = 'admin' | 'user' | 'viewer';

/** How far a role reaches in a room of its client, 0 to 1000, unless an account has a level of its own. */
export const ROLE_LEVELS: Record<AccountRole, number> = { admin: 999, user: 100, viewer: 10 };

/** The most that a level of one's own can be. */
export const MAX_LEVEL = 1000;

/** Who changes accounts: an admin of a client, maybe the platform's. */
export interface Administrator {
  id: number;
  clientId: number;
  isPlatformAdmin: boolean;
}

/** What is asked for an account that is to be created; what is left out is a plain user of the admin's own client. */
export interface Placement {
  role?: AccountRole | undefined;
  clientId?: number | undefined;
}

/** Why an account may not be changed or made so. */
export interface Fault {
  code: 'forbidden' | 'conflict' | 'validation';
  message: string;
}

const fault = (code: Fault['code'], message: string): Fault => ({ code, message });

/**
 * Why an account may not be created so; null when it may. Admins add users and viewers to their own client; the
 * platform admin chooses both freely. Nobody (null) creates the very first, about which there is nothing to choose.
 */
export function creationFault(actor: Administrator | null, { role, clientId }: Placement): Fault | null {
  if (!actor) {
    if (role === undefined && clientId === undefined) return null;
    return fault(
      'validation',
      'the first account is the admin of the first client: leave role and client_id out',
    );
  }
  if (actor.isPlatformAdmin) return null;
  if (role === 'admin') return fault('forbidden', 'only the platform admin may create admins');
  if (clientId !== undefined && clientId !== actor.clientId) {
    return fault('forbidden', 'only the platform admin may choose the client');
  }
  return null;
}

/** What an admin may change of somebody's rights. */
export interface RightsChange {
  role?: AccountRole | undefined;
  level?: number | null | undefined;
  enabled?: boolean | undefined;
}

/**
 * Why an admin may not change an account's rights so; null when they may. Nobody takes away their own role or access,
 * so that a client never loses its last admin by a slip; the platform admin stays what they are for everybody.
 */
export function rightsFault(
  actor: Administrator,
  target: { id: number; role: AccountRole; isPlatformAdmin: boolean },
  { role, enabled }: RightsChange,
): Fault | null {
  const isLoss = enabled === false || (role !== undefined && role !== target.role);
  if (actor.id === target.id) {
    return isLoss ? fault('conflict', 'nobody can change their own role or disable their own account') : null;
  }
  return target.isPlatformAdmin ? fault('forbidden', 'nobody else may change the platform admin') : null;
}

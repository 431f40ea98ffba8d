import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { RoleName } from '#libs/db/entities/user.entity';
import type { Uid } from '#libs/contract/ids';
import { AppError } from '#libs/domain/errors';

/** Who makes the request, as the database has them now. */
export interface Caller {
  id: number;
  uuid: string;
  clientId: number;
  role: RoleName;
  isPlatformAdmin: boolean;
  /** Nothing is possible for them but to set a password of their own. */
  mustChangePassword?: boolean;
  /** The one client that a platform admin chose to act in. */
  chosenClientId?: number;
  /** The session of the token (or of a session's key); null for other API keys. */
  sessionId: string | null;
  /** The API key that was used; null for a token. */
  keyId: string | null;
}

/** Injects who makes the request; null only where a route also serves nobody (the very first account). */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller | null =>
    context.switchToHttp().getRequest<{ user?: Caller }>().user ?? null,
);

/**
 * Refuses an account whose password is not its owner's own yet.
 * @throws AppError password_change_required
 */
export function refusePasswordToChange({ mustChangePassword }: { mustChangePassword?: boolean }): void {
  if (!mustChangePassword) return;
  throw new AppError(
    'password_change_required',
    'the password has to be changed first: POST /v1/auth/password/change with email, password and new_password',
  );
}

/** True when a path names the caller themself. */
export const isSelf = (me: Caller, uid: Uid): boolean =>
  'id' in uid ? uid.id === me.id : uid.uuid === me.uuid;

/** The users that the caller may know of: those of their own client; for a platform admin all, or those of the chosen one. */
export const withinReach = (me: Caller): { clientId?: number } => {
  const clientId = me.isPlatformAdmin ? me.chosenClientId : me.clientId;
  return clientId === undefined ? {} : { clientId };
};

/** The client that the caller acts in: their own, or the one that a platform admin chose. */
export const actingClientId = (me: Caller): number => me.chosenClientId ?? me.clientId;

/** Who the caller is, for a gateway to hand on to what stands behind it; nothing personal. */
export const toHeaders = (me: Caller): Record<string, string> => ({
  'X-User-Id': String(me.id),
  'X-User-UUID': me.uuid,
  'X-User-Role': me.role,
  'X-User-Client-Id': String(me.clientId),
  'X-User-Platform-Admin': String(me.isPlatformAdmin),
});

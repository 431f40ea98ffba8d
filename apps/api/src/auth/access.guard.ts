import { Injectable, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { MikroORM } from '@mikro-orm/postgresql';
import type { FastifyRequest } from 'fastify';
import { Uid } from '#libs/contract/ids';
import { User } from '#libs/db/entities/user.entity';
import { AppError } from '#libs/domain/errors';
import { isSelf, withinReach, type Caller } from './caller.ts';

/**
 * Who may use a route. `own` and `ownOrAdmin` are about the `:uid` of the path. `firstOrAdmin`: admins, and anybody
 * while there is no account at all.
 */
export type Access = 'public' | 'account' | 'own' | 'ownOrAdmin' | 'admin' | 'firstOrAdmin';

const ACCESS = 'access';

/** Says who may use a route; without it, any account. */
export const Allow = (access: Access) => SetMetadata(ACCESS, access);

/**
 * Lets a caller through in the order 401, 403, 404. Somebody else's record is forbidden to a plain user whether it
 * exists or not; an admin hears 404 of what is not in their client.
 */
@Injectable()
export class AccessGuard extends AuthGuard('token') {
  constructor(
    private readonly reflector: Reflector,
    private readonly orm: MikroORM,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessOf(context);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: Caller }>();
    try {
      await super.canActivate(context);
    } catch (error) {
      // The first account needs no token, and a useless one does no harm.
      if (access === 'firstOrAdmin' && error instanceof AppError && !(await this.hasAccounts())) return true;
      throw error;
    }
    await this.authorize(access, request.user, request);
    return true;
  }

  override handleRequest<Found>(error: unknown, user: Found): Found {
    if (error) throw error;
    return user;
  }

  private accessOf(context: ExecutionContext): Access {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets) ?? 'account';
  }

  private async authorize(access: Access, me: Caller, request: FastifyRequest): Promise<void> {
    if (access === 'account') return;
    const isAdmin = me.role === 'admin';
    if (access === 'own' || access === 'ownOrAdmin') {
      const uid = uidOf(request);
      if (isSelf(me, uid) || (access === 'ownOrAdmin' && isAdmin)) return;
      if (isAdmin && (await this.em().count(User, { ...uid, ...withinReach(me) })) === 0) {
        throw new AppError('not_found', 'user not found');
      }
    } else if (isAdmin) return;
    throw new AppError('forbidden', 'action is forbidden');
  }

  private async hasAccounts(): Promise<boolean> {
    return (await this.em().execute(`select 1 from users limit 1`)).length > 0;
  }

  private em() {
    return this.orm.em.fork();
  }
}

function uidOf(request: FastifyRequest): Uid {
  const uid = Uid.safeParse((request.params as { uid?: string }).uid);
  if (!uid.success) throw new AppError('validation', 'Invalid id syntax');
  return uid.data;
}

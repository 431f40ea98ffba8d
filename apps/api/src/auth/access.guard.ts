import { Injectable, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { MikroORM } from '@mikro-orm/postgresql';
import type { FastifyRequest } from 'fastify';
import { Uid } from '#libs/contract/ids';
import { User } from '#libs/db/entities/user.entity';
import { AppError } from '#libs/domain/errors';
import { isSelf, withinReach, type Caller } from './caller.ts';
import { chosenClientId } from './client-choice.ts';
import { credentialOf } from './credential.ts';
import { CredentialStrategy } from './credential.strategy.ts';
import { scopeOf, type Access } from './permissions.ts';

const ACCESS = 'access';

/** Names the row of the table of permissions that a route is under; without it, `account`. */
export const Allow = (access: Access) => SetMetadata(ACCESS, access);

/**
 * Lets a caller through as the table of permissions says, in the order 401, 404, 403: what is not in the caller's
 * client does not exist for them.
 */
@Injectable()
export class AccessGuard extends AuthGuard() {
  constructor(
    private readonly reflector: Reflector,
    private readonly orm: MikroORM,
    strategy: CredentialStrategy,
  ) {
    super({ defaultStrategy: strategy.name });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessOf(context);
    const anonymous = scopeOf(access, null);
    if (anonymous === 'all') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: Caller }>();
    // They name their account in the body, with its password.
    if (anonymous === 'own' && credentialOf(request.headers) === null) return true;
    try {
      await super.canActivate(context);
    } catch (error) {
      // The first account needs no token, and a useless one does no harm.
      if (anonymous === 'first' && error instanceof AppError && !(await this.hasAccounts())) return true;
      throw error;
    }
    await this.authorize(access, request);
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

  private async authorize(access: Access, request: FastifyRequest & { user: Caller }): Promise<void> {
    const me = request.user;
    const scope = scopeOf(access, me);
    if (scope === 'none') throw new AppError('forbidden', 'action is forbidden');
    const uid = uidOf(request);
    if (uid && isSelf(me, uid)) return;
    if (scope === 'own') {
      if (uid) await this.refuse(me, uid);
      return;
    }
    const chosen = await chosenClientId(this.em(), me, request);
    // Another object, because callers are shared by the requests that were looked up together.
    if (chosen !== null) request.user = { ...me, chosenClientId: chosen };
  }

  /** @throws AppError not_found for what is out of the caller's reach, else forbidden */
  private async refuse(me: Caller, uid: Uid): Promise<never> {
    if ((await this.em().count(User, { ...uid, ...withinReach(me) })) === 0) {
      throw new AppError('not_found', 'user not found');
    }
    throw new AppError('forbidden', 'action is forbidden');
  }

  private async hasAccounts(): Promise<boolean> {
    return (await this.em().execute(`select 1 from users limit 1`)).length > 0;
  }

  private em() {
    return this.orm.em.fork();
  }
}

function uidOf(request: FastifyRequest): Uid | null {
  const { uid } = request.params as { uid?: string };
  if (uid === undefined) return null;
  const parsed = Uid.safeParse(uid);
  if (!parsed.success) throw new AppError('validation', 'Invalid id syntax');
  return parsed.data;
}

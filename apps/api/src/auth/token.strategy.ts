import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { MikroORM } from '@mikro-orm/postgresql';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { ROLES, type RoleName } from '#libs/db/entities/user.entity';
import { AppError } from '#libs/domain/errors';
import { Tokens } from '#libs/security/token';
import type { Caller } from './caller.ts';

interface CallerRow {
  id: number;
  uuid: string;
  client_id: number;
  role_id: number;
  is_platform_admin: boolean;
}

const ROLE_BY_ID = new Map(Object.entries(ROLES).map(([name, id]) => [id, name as RoleName]));

/**
 * Knows the caller by the access token in the Authorization header, with or without `Bearer`. The token only says who;
 * whether the account still exists, is enabled, and what it may do is read from the database each time.
 */
@Injectable()
export class TokenStrategy extends PassportStrategy(Strategy, 'token') {
  constructor(
    private readonly tokens: Tokens,
    private readonly orm: MikroORM,
  ) {
    super();
  }

  /** @throws AppError unauthenticated, token_invalid */
  async validate(request: FastifyRequest): Promise<Caller> {
    const token = tokenOf(request.headers.authorization);
    if (!token) throw new AppError('unauthenticated', 'no token provided');
    const claims = await this.tokens.verify(token);
    const [row] = await this.orm.em
      .fork()
      .execute<CallerRow[]>(
        `select id, uuid, client_id, role_id, is_platform_admin from users
         where id = ? and uuid = ? and token_version = ? and enabled`,
        [claims.uid, claims.sub, claims.token_version],
      );
    if (!row) throw new AppError('token_invalid', 'invalid token provided');
    return {
      id: row.id,
      uuid: row.uuid,
      clientId: row.client_id,
      role: ROLE_BY_ID.get(row.role_id) ?? 'viewer',
      isPlatformAdmin: row.is_platform_admin,
    };
  }
}

/** The token of an Authorization header; null when there is none or another scheme is named. */
function tokenOf(header: string | undefined): string | null {
  const [first, second, ...rest] = header?.trim().split(/\s+/) ?? [];
  if (!first || rest.length > 0) return null;
  if (second === undefined) return first.toLowerCase() === 'bearer' ? null : first;
  return first.toLowerCase() === 'bearer' ? second : null;
}

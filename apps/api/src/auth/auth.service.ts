import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Login, Token } from '#libs/contract/auth.contract';
import { Client } from '#libs/db/entities/client.entity';
import { User } from '#libs/db/entities/user.entity';
import { AppError } from '#libs/domain/errors';
import { verifyPassword } from '#libs/security/password';
import { Tokens, type TokenSubject } from '#libs/security/token';

/** Turns credentials into tokens and publishes the keys that tokens are verified with. */
@Injectable()
export class AuthService {
  constructor(
    private readonly orm: MikroORM,
    private readonly tokens: Tokens,
  ) {}

  /**
   * An access token for right credentials of an enabled account. Whatever is wrong, answer and work are the same.
   * @throws AppError credentials_invalid
   */
  async login({ email, password }: Login): Promise<Token> {
    const em = this.orm.em.fork();
    const user = await em.findOne(User, { email, enabled: true });
    const isRight = await verifyPassword(user?.passwordHash ?? null, password);
    if (!user || !isRight) throw new AppError('credentials_invalid', 'email/password is invalid');
    const { uuid: clientUuid } = await em.findOneOrFail(Client, user.clientId);
    return { token: await this.tokens.sign(subjectOf(user, clientUuid)) };
  }

  /** The public keys (RFC 7517). */
  jwks() {
    return this.tokens.jwks();
  }
}

const subjectOf = (user: User, clientUuid: string): TokenSubject => ({
  id: user.id,
  uuid: user.uuid,
  email: user.email,
  firstName: user.firstName ?? null,
  lastName: user.lastName ?? null,
  role: user.role,
  level: user.level ?? null,
  isPlatformAdmin: user.isPlatformAdmin,
  clientUuid,
  tokenVersion: user.tokenVersion,
});

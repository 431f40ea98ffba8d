import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Login, Token } from '#libs/contract/auth.contract';
import { User } from '#libs/db/entities/user.entity';
import { AppError } from '#libs/domain/errors';
import { verifyPassword } from '#libs/security/password';
import { Tokens } from '#libs/security/token';

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
    const user = await this.orm.em.fork().findOne(User, { email, enabled: true });
    const isRight = await verifyPassword(user?.passwordHash ?? null, password);
    if (!user || !isRight) throw new AppError('credentials_invalid', 'email/password is invalid');
    return { token: await this.tokens.sign(subjectOf(user)) };
  }

  /** The public keys (RFC 7517). */
  jwks() {
    return this.tokens.jwks();
  }
}

const subjectOf = ({ id, uuid, email, firstName = null, lastName = null, role, tokenVersion }: User) => ({
  id,
  uuid,
  email,
  firstName,
  lastName,
  role,
  tokenVersion,
});

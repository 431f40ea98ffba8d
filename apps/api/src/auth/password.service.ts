import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type {
  ChangedPassword,
  ChangePassword,
  ForgotPassword,
  ResetPassword,
} from '#libs/contract/password.contract';
import { Session } from '#libs/db/entities/session.entity';
import { User } from '#libs/db/entities/user.entity';
import { loggableError } from '#libs/db/loggable-error';
import { audit } from '#libs/db/queries/audit';
import { changePassword, oweResetCode, tryCode, useUpCode } from '#libs/db/queries/passwords';
import { lockPerson } from '#libs/db/queries/person';
import { Wakeups, type OwedSignal } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { plainCode } from '#libs/domain/password-reset';
import { hashPassword, verifyPassword } from '#libs/security/password';
import { newResetCode } from '#libs/security/reset-code';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { AuthService } from './auth.service.ts';
import type { Caller } from './caller.ts';

/** Passwords that were forgotten, or are to be others. */
@Injectable()
export class PasswordService implements OnModuleDestroy {
  private readonly logger = new Logger('passwords');
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    private readonly auth: AuthService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Has a code sent to the owner of an account, in place of the one before. Answers before the work is done, so that
   * neither answer nor time tells whether there is such an account; a crash right then loses the code, and who waits for
   * it asks again.
   */
  async forgot({ email }: ForgotPassword): Promise<void> {
    const [user] = await this.orm.em
      .fork()
      .execute<{ id: number }[]>(`select id from users where email = ? and enabled`, [email]);
    const work = this.sendCode(user?.id ?? null).catch((error: unknown) => {
      this.logger.error({ error: loggableError(error) }, 'a code for a new password was not made');
    });
    this.underWay.add(work);
    void work.finally(() => this.underWay.delete(work));
  }

  /** Waits until every code that was asked for is on record. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /** Ends no code half made. */
  onModuleDestroy(): Promise<void> {
    return this.settled();
  }

  /**
   * Sets a new password by the code that was sent, once, and ends every session and token. Whatever is wrong, answer and
   * work are the same.
   * @throws AppError code_invalid
   */
  async reset({ email, code, password }: ResetPassword): Promise<void> {
    const now = this.clock.now();
    const tried = await this.orm.em.fork().transactional((em) => tryCode(em, email, now));
    const isRight = await verifyPassword(tried?.codeHash ?? null, plainCode(code));
    if (!tried || !isRight) throw codeInvalid();
    const passwordHash = await hashPassword(password);
    const owed = await this.orm.em.fork().transactional(async (em) => {
      const user = await lockOwner(em, tried.userId);
      if (!user || !(await useUpCode(em, user.id, tried.codeHash))) throw codeInvalid();
      await audit(em, { userId: user.id });
      return this.setPassword(em, user, passwordHash, now);
    });
    this.deliver(owed);
  }

  /**
   * Changes the caller's password and ends every session and token but the caller's session, for which there is another
   * access token. Without a caller it is for an account that has to change its password before it can be logged in to.
   * @throws AppError credentials_invalid, unauthenticated, forbidden, validation
   */
  async change(me: Caller | null, body: ChangePassword): Promise<ChangedPassword> {
    const known = await this.ownerOf(me, body);
    const sessionId = me?.sessionId ?? null;
    const user = await this.replace(known, body.new_password, sessionId);
    const hasToken = me !== null && me.keyId === null && sessionId !== null;
    return hasToken ? this.auth.accessTokenOf(user, sessionId) : { token: null, expires_in: null };
  }

  /**
   * Gives somebody who has just logged in a password of their own, in place of the one that has to be changed, and ends
   * every session and token.
   * @throws AppError validation for the present one, forbidden, credentials_invalid when it was changed meanwhile
   */
  async replaceFirst(known: User, password: string): Promise<void> {
    if (!known.mustChangePassword) throw changeForbidden();
    if (await verifyPassword(known.passwordHash ?? null, password)) {
      throw new AppError('validation', 'the new password must be another one than the present password');
    }
    await this.replace(known, password, null);
  }

  /** Sets another password, unless there is one already since it was compared. `sessionId` goes on. */
  private async replace(known: User, password: string, sessionId: string | null): Promise<User> {
    const passwordHash = await hashPassword(password);
    const now = this.clock.now();
    const { user, owed } = await this.orm.em.fork().transactional(async (em) => {
      const user = await lockOwner(em, known.id);
      // Another password since it was compared.
      if (!user || user.tokenVersion !== known.tokenVersion) throw credentialsInvalid();
      const owed = await this.setPassword(em, user, passwordHash, now);
      if (sessionId) {
        const { tokenVersion } = user;
        await em.nativeUpdate(Session, { id: sessionId, userId: user.id }, { tokenVersion });
      }
      await audit(em, { userId: user.id });
      return { user, owed };
    });
    this.deliver(owed);
    return user;
  }

  private async ownerOf(me: Caller | null, { email, password }: ChangePassword): Promise<User> {
    if (me && email !== undefined) throw new AppError('validation', 'email is for those without a token');
    if (!me && email === undefined) throw new AppError('unauthenticated', 'no token provided');
    const filter = me ? { id: me.id } : { email: email! };
    const user = await this.orm.em.fork().findOne(User, { ...filter, enabled: true });
    const isRight = await verifyPassword(user?.passwordHash ?? null, password);
    if (!user || !isRight) throw credentialsInvalid();
    if (!me && !user.mustChangePassword) throw changeForbidden();
    return user;
  }

  private async sendCode(userId: number | null): Promise<void> {
    const code = newResetCode();
    // Also for nobody: then a request that follows cannot feel the difference either.
    const codeHash = await hashPassword(code);
    if (userId === null) return;
    const { auth, mail, publicUrl } = this.config;
    const owed = await this.orm.em.fork().transactional(async (em) => {
      const user = await lockOwner(em, userId);
      if (!user) return [];
      return oweResetCode(em, this.wakeups, {
        user,
        code,
        codeHash,
        minutes: auth.resetCodeMinutes,
        link: `${publicUrl}/login/reset`,
        hasMail: mail !== null,
        now: this.clock.now(),
      });
    });
    this.deliver(owed);
  }

  private setPassword(em: EntityManager, user: User, passwordHash: string, now: Date): Promise<OwedSignal[]> {
    const hasMail = this.config.mail !== null;
    return changePassword(em, this.wakeups, { user, passwordHash, hasMail, now });
  }

  private deliver(owed: OwedSignal[]): void {
    for (const { kind, entityId } of owed) this.wakeups.deliver(kind, entityId);
  }
}

const codeInvalid = () => new AppError('code_invalid', 'the code is wrong or not valid any more');
const changeForbidden = () => new AppError('forbidden', 'log in to change this password');
const credentialsInvalid = () => new AppError('credentials_invalid', 'email/password is invalid');

/** An enabled account, locked: first the person, then the account, as everywhere. */
async function lockOwner(em: EntityManager, id: number): Promise<User | null> {
  if (!(await lockPerson(em, id))) return null;
  return em.findOne(User, { id, enabled: true }, { lockMode: LockMode.PESSIMISTIC_WRITE });
}

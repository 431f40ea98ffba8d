import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { plusMs } from '#libs/domain/clock';
import { mails } from '#libs/domain/mails';
import { CHANGE_IS_NEWS_HOURS, MOST_CODE_TRIES } from '#libs/domain/password-reset';
import { texts } from '#libs/domain/texts';
import { PasswordReset } from '../entities/password-reset.entity.ts';
import type { User } from '../entities/user.entity.ts';
import { oweMail, withdrawMails } from './mails.ts';
import { noticesOf, oweNotice } from './notices.ts';
import type { OwedSignal, Wakeups } from './wakeups.ts';

// Everything here runs inside the caller's transaction, under the person's lock; after the commit the caller delivers
// the signals that it answers.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How the owner of an account is told of something. */
interface Telling {
  user: User;
  /** Whether e-mails can be sent at all. */
  hasMail: boolean;
  now: Date;
}

/** Gives an account a new code in place of any other, and owes its owner the text and the mail with it. */
export async function oweResetCode(
  em: EntityManager,
  wakeups: Wakeups,
  reset: Telling & { code: string; codeHash: string; minutes: number; link: string },
): Promise<OwedSignal[]> {
  const { user, hasMail, now, code, codeHash, minutes, link } = reset;
  await withdrawCode(em, user.id, now);
  const expiresAt = plusMs(now, minutes * MINUTE_MS);
  const occasion = { userId: user.id, kind: 'password_code', now } as const;
  const attemptKey = `password-code/${user.id}/${randomUUID()}`;
  const message =
    user.phoneNumber &&
    (await oweNotice(em, wakeups, {
      ...occasion,
      attemptKey,
      toNumber: user.phoneNumber,
      body: texts.en.passwordCode({ code, minutes }),
    }));
  if (hasMail) {
    const mail = mails.en.passwordCode({ code, minutes, link });
    await oweMail(em, wakeups, {
      ...occasion,
      attemptKey,
      toAddress: user.email,
      ...mail,
      wantedUntil: expiresAt,
    });
  }
  if (!message && !hasMail) return [];
  em.create(PasswordReset, {
    userId: user.id,
    codeHash,
    messageId: message ? message.id : null,
    createdAt: now,
    expiresAt,
  });
  await em.flush();
  return [noticesOf(user.id)];
}

/** Counts a try of the code of an account and answers its hash; null when there is no code that can be tried. */
export async function tryCode(
  em: EntityManager,
  email: string,
  now: Date,
): Promise<{ userId: number; codeHash: string } | null> {
  // A commit that waits for the disk takes longer than one that changed nothing: that would tell who has a code.
  await em.execute(`set local synchronous_commit = off`);
  const [found] = await em.execute<{ userId: number; codeHash: string }[]>(
    `update password_resets r set tries = r.tries + 1 from users u
     where u.id = r.user_id and u.email = ? and u.enabled and r.expires_at > ? and r.tries < ?
     returning r.user_id as "userId", r.code_hash as "codeHash"`,
    [email, now, MOST_CODE_TRIES],
  );
  return found ?? null;
}

/** Uses up the code with this hash; false when somebody else did, or another one took its place. */
export async function useUpCode(em: EntityManager, userId: number, codeHash: string): Promise<boolean> {
  return (await em.nativeDelete(PasswordReset, { userId, codeHash })) > 0;
}

/** Makes the code of an account worthless, and takes back what was not sent of it yet. */
export async function withdrawCode(em: EntityManager, userId: number, now: Date): Promise<void> {
  await em.nativeDelete(PasswordReset, { userId });
  await withdrawMails(em, userId, 'password_code', now);
}

/** Makes the code that a text brings worthless when its time is over, so that the text is withdrawn. */
export async function dropLateCode(em: EntityManager, messageId: number, now: Date): Promise<void> {
  await em.nativeDelete(PasswordReset, { messageId, expiresAt: { $lte: now } });
}

/**
 * Gives an account, which the caller has locked, another password: ends every session and token that was given out
 * before, makes a code worthless, and owes its owner word of it where they were reached until now.
 */
export async function changePassword(
  em: EntityManager,
  wakeups: Wakeups,
  change: Telling & {
    passwordHash: string;
    /** Where they are told, if that is changed as well. */
    reachedAt?: Pick<User, 'phoneNumber' | 'email'>;
  },
): Promise<OwedSignal[]> {
  const { user, passwordHash, hasMail, now } = change;
  const { phoneNumber, email } = change.reachedAt ?? user;
  user.passwordHash = passwordHash;
  user.mustChangePassword = false;
  user.tokenVersion += 1;
  await em.flush();
  await withdrawCode(em, user.id, now);
  const attemptKey = `password-changed/${user.id}/${user.tokenVersion}`;
  const occasion = { userId: user.id, kind: 'password_changed', attemptKey, now } as const;
  if (phoneNumber) {
    const body = texts.en.passwordChanged();
    await oweNotice(em, wakeups, { ...occasion, toNumber: phoneNumber, body });
  }
  if (hasMail) {
    const wantedUntil = plusMs(now, CHANGE_IS_NEWS_HOURS * HOUR_MS);
    await oweMail(em, wakeups, {
      ...occasion,
      toAddress: email,
      ...mails.en.passwordChanged(),
      wantedUntil,
    });
  }
  return phoneNumber || hasMail ? [noticesOf(user.id)] : [];
}

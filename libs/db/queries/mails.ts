import type { EntityManager } from '@mikro-orm/postgresql';
import { Mail, type MailKind, type MailStatus } from '../entities/mail.entity.ts';
import { noticesOf } from './notices.ts';
import type { Wakeups } from './wakeups.ts';

/** An e-mail to be recorded. */
export interface OwedMail {
  userId: number;
  kind: MailKind;
  /** Names the one occasion: the same again is not said again. */
  attemptKey: string;
  toAddress: string;
  subject: string;
  body: string;
  /** After that it is not worth sending. */
  wantedUntil: Date;
  now: Date;
}

/** An e-mail that is about to be sent. */
export interface ClaimedMail {
  uuid: string;
  toAddress: string;
  subject: string;
  body: string;
}

/** Records an e-mail and owes the workflow `notices` its signal, inside the caller's transaction. Idempotent by the attempt key. */
export async function oweMail(
  em: EntityManager,
  wakeups: Wakeups,
  { now, ...mail }: OwedMail,
): Promise<void> {
  if ((await em.count(Mail, { attemptKey: mail.attemptKey })) > 0) return;
  em.create(Mail, { ...mail, createdAt: now, updatedAt: now });
  await em.flush();
  await wakeups.record(em, noticesOf(mail.userId));
}

/** Notes an attempt to send an e-mail; null when it went already, or nobody wants it any more (then it is canceled). */
export async function claimMail(em: EntityManager, id: number, now: Date): Promise<ClaimedMail | null> {
  const [mail] = await em.execute<ClaimedMail[]>(
    `update mails set attempts = attempts + 1, updated_at = ? where id = ? and status = 'queued' and wanted_until > ?
     returning uuid, to_address as "toAddress", subject, body`,
    [now, id, now],
  );
  if (!mail) await settleMail(em, id, 'canceled', null, now);
  return mail ?? null;
}

/** Records what became of an e-mail, and forgets what it said. One that is settled stays as it is. */
export async function settleMail(
  em: EntityManager,
  id: number,
  status: Exclude<MailStatus, 'queued'>,
  lastError: string | null,
  now: Date,
): Promise<void> {
  await em.execute(
    `update mails set status = ?, body = null, last_error = coalesce(?, last_error), updated_at = ?
     where id = ? and status = 'queued'`,
    [status, lastError, now, id],
  );
}

/** Notes why an e-mail did not go for now. */
export async function noteMailError(
  em: EntityManager,
  id: number,
  lastError: string,
  now: Date,
): Promise<void> {
  await em.execute(`update mails set last_error = ?, updated_at = ? where id = ? and status = 'queued'`, [
    lastError,
    now,
    id,
  ]);
}

/** Withdraws what of one kind was not sent to somebody yet. */
export async function withdrawMails(
  em: EntityManager,
  userId: number,
  kind: MailKind,
  now: Date,
): Promise<void> {
  await em.execute(
    `update mails set status = 'canceled', body = null, updated_at = ? where user_id = ? and kind = ? and status = 'queued'`,
    [now, userId, kind],
  );
}

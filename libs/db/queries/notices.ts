import type { EntityManager } from '@mikro-orm/postgresql';
import { Message, type NoticeKind } from '../entities/message.entity.ts';
import type { OwedSignal, Wakeups } from './wakeups.ts';

/** A text to be recorded that belongs to a person and to no probe. */
export interface Notice {
  userId: number;
  kind: NoticeKind;
  /** Names the one occasion: the same again is not said again. */
  attemptKey: string;
  toNumber: string;
  body: string;
  now: Date;
}

/** What is owed to a person: a text by its id, a text with a code that somebody waits for, or an e-mail. */
export type OwedNotice = number | { code: number } | { mail: number };

// What the indexes messages_notices_index, messages_password_texts_index and mails_queued_index hold. One that failed is
// looked at again only where something follows from it that a crash may have cut off: an unanswered consent whose number
// is not known to be broken.
const UNSETTLED = `
  select 'text' as what, m.id, m.user_id from messages m left join consents k on k.message_id = m.id
  where m.kind in ('consent', 'contact_refused', 'contact_unreachable') and m.status in ('queued', 'sending', 'failed')
    and (m.status <> 'failed' or (k.user_id is not null and k.answer is null and k.unreachable_at is null))
  union all
  select case m.kind when 'password_code' then 'code' else 'text' end, m.id, m.user_id from messages m
  where m.kind in ('password_code', 'password_changed') and m.status in ('queued', 'sending')
  union all
  select 'mail', l.id, l.user_id from mails l where l.status = 'queued'`;

/**
 * Records a notice and owes the workflow `notices` its signal, inside the caller's transaction; after the commit the
 * caller delivers the signal. Idempotent by the attempt key. Answers the message.
 */
export async function oweNotice(
  em: EntityManager,
  wakeups: Wakeups,
  { now, ...notice }: Notice,
): Promise<Message> {
  const recorded = await em.findOne(Message, { attemptKey: notice.attemptKey });
  if (recorded) return recorded;
  const message = em.create(Message, { ...notice, createdAt: now, updatedAt: now });
  await em.flush();
  await wakeups.record(em, noticesOf(notice.userId));
  return message;
}

/** The signal that tells a person's `notices` workflow of a new one. */
export const noticesOf = (userId: number): OwedSignal => ({
  kind: 'notices',
  entityId: userId,
  signal: 'noticeOwed',
});

/** A person's notices that still have to be handed over, or followed by what their failure means; the oldest first. */
export async function unsettledNotices(em: EntityManager, userId: number): Promise<OwedNotice[]> {
  const rows = await em.execute<{ what: 'text' | 'code' | 'mail'; id: number }[]>(
    `select what, id from (${UNSETTLED}) owed where user_id = ? order by what = 'mail', id`,
    [userId],
  );
  return rows.map(({ what, id }) => (what === 'text' ? id : what === 'code' ? { code: id } : { mail: id }));
}

/** The people whose `notices` workflow should be running. */
export async function noticedUserIds(em: EntityManager): Promise<number[]> {
  const rows = await em.execute<{ user_id: number }[]>(`select distinct user_id from (${UNSETTLED}) owed`);
  return rows.map((row) => row.user_id);
}

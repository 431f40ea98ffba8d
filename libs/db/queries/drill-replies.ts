import type { EntityManager } from '@mikro-orm/postgresql';
import { ownerOfPersonText } from '#libs/domain/drill';
import { isAcknowledgement, readReply } from '#libs/domain/replies';
import { readCommand } from '#libs/domain/sms-command';
import { texts } from '#libs/domain/texts';
import { Contact } from '../entities/contact.entity.ts';
import { DrillAnswer } from '../entities/drill-answer.entity.ts';
import { Drill } from '../entities/drill.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import type { ProbeSettings } from '../entities/probe-settings.entity.ts';
import { User } from '../entities/user.entity.ts';
import { ANSWERABLE_MS } from './contact-replies.ts';
import { lockPerson } from './person.ts';
import type { Wakeups } from './wakeups.ts';
import { CLOCK_SKEW_MS, learnFromText, NO_ANSWER, type Answer, type ReplyContext } from './person-replies.ts';

/** A question of a drill that the contact's phone it went to may still answer. */
interface OpenDrillQuestion {
  id: number;
  userId: number;
  contactId: number;
}

/**
 * The latest question of a drill to this phone that was not answered. None when a real alert was sent there since, whose
 * answer it may be though somebody else has taken that on; none while the phone's own person has a check pending, who
 * may say "ok" to that; none to a contact who refused since.
 */
export async function findOpenDrillQuestion(
  em: EntityManager,
  phoneNumber: string,
  context: ReplyContext,
): Promise<OpenDrillQuestion | null> {
  const [row] = await em.execute<{ id: number; user_id: number; contact_id: number }[]>(
    `select a.id, d.user_id, a.contact_id
     from contacts c
     join drill_answers a on a.contact_id = c.id
     join drills d on d.id = a.drill_id
     join messages m on m.id = a.message_id and m.to_number = c.phone_number
     where c.phone_number = ? and a.answered_at is null and d.status <> 'cancelled'
       and a.created_at between ? and ?
       and not exists (select from consents k where k.user_id = d.user_id and k.phone_number = c.phone_number
                       and k.answer = 'refused')
       and not exists (select from contacts o join emergency_probes e on e.contact_id = o.id
                       where o.phone_number = c.phone_number and e.created_at > a.created_at)
       and not exists (select from users u join probes p on p.user_id = u.id and p.status = 'pending'
                       where u.phone_number = c.phone_number and u.enabled)
     order by a.id desc limit 1`,
    [phoneNumber, ...askedBetween(context)],
  );
  return row ? { id: row.id, userId: row.user_id, contactId: row.contact_id } : null;
}

/** Applies a contact's text about a drill inside the caller's transaction: an answer, or a hint how to give one. */
export async function applyContactDrillText(
  em: EntityManager,
  question: OpenDrillQuestion,
  body: string,
  { wakeups, now }: ReplyContext,
): Promise<Answer> {
  const { contactId } = question;
  if (!isAcknowledgement(body)) return { reply: texts.en.askToAnswerDrillReply(), contactId, owed: [] };
  const settings = await lockPerson(em, question.userId);
  if (!settings) return NO_ANSWER;
  const answer = await em.findOneOrFail(DrillAnswer, question.id);
  const drill = await em.findOneOrFail(Drill, answer.drillId);
  if (answer.answeredAt || drill.status === 'cancelled') return NO_ANSWER;
  answer.answeredAt = now;
  (await em.findOneOrFail(Contact, contactId)).lastProvenAt = now;
  if (drill.personAnsweredAt) await setProven(em, settings, now);
  const user = await em.findOneOrFail(User, question.userId);
  return {
    reply: texts.en.drillAcknowledgedReply({ person: user.firstName ?? '' }),
    contactId,
    owed: await oweAnswered(em, wakeups, drill),
  };
}

/**
 * Applies a watched person's text to their drill inside the caller's transaction. Null when it is not about a drill:
 * then it is a command, or about a real check.
 */
export async function applyPersonDrillText(
  em: EntityManager,
  user: User,
  body: string,
  context: ReplyContext,
): Promise<Answer | null> {
  if (readCommand(body).do !== 'none') return null;
  const [latest] = await em.execute<{ id: number }[]>(
    `select id from drills where user_id = ? and started_at between ? and ? order by id desc limit 1`,
    [user.id, ...askedBetween(context)],
  );
  const settings = latest && (await lockPerson(em, user.id));
  if (!settings) return null;
  const drill = await em.findOneOrFail(Drill, latest.id);
  const probe = await em.findOne(Probe, { userId: user.id }, { orderBy: { id: 'desc' } });
  const meaning = readReply(body);
  const owner = ownerOfPersonText({
    probe: probe && { status: probe.status, isAllClear: probe.allClearAt !== null },
    drill: {
      status: drill.status,
      isAnswered: drill.personAnsweredAt !== null,
      isLatest: !probe || probe.createdAt < drill.startedAt,
    },
    meaning,
  });
  if (owner !== 'drill') return null;
  learnFromText(settings, body);
  if (drill.personAnsweredAt) return NO_ANSWER;
  drill.personAnsweredAt = context.now;
  const answers = await em.count(DrillAnswer, { drillId: drill.id, answeredAt: { $ne: null } });
  if (answers > 0) await setProven(em, settings, context.now);
  return { reply: texts.en.drillReply(meaning), owed: await oweAnswered(em, context.wakeups, drill) };
}

/** When a question was asked that this text can be an answer to: not too long ago, and not after the text was sent. */
const askedBetween = ({ now, sentAt }: ReplyContext): [Date, Date] => [
  new Date(now.getTime() - ANSWERABLE_MS),
  new Date((sentAt ?? now).getTime() + CLOCK_SKEW_MS),
];

/** A drill that is over has nobody who waits for an answer. */
async function oweAnswered(em: EntityManager, wakeups: Wakeups, drill: Drill): Promise<Answer['owed']> {
  if (drill.status !== 'running') return [];
  await wakeups.record(em, { kind: 'drill', entityId: drill.id, signal: 'answered' });
  return [{ kind: 'drill', entityId: drill.id }];
}

/** The chain is proven: the person answered a drill, and so did a contact. In SQL, because it is no change of settings. */
const setProven = (em: EntityManager, { id }: ProbeSettings, now: Date) =>
  em.execute(`update probe_settings set last_proven_at = ? where id = ?`, [now, id]);

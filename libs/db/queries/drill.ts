import type { EntityManager } from '@mikro-orm/postgresql';
import { deliveryRank, isDeliveryFailure, type DeliveryStatus } from '#libs/domain/delivery';
import type { DrillQuestion, DrillReason, DrillState } from '#libs/domain/drill';
import type { Contact } from '../entities/contact.entity.ts';
import { Drill } from '../entities/drill.entity.ts';
import { User } from '../entities/user.entity.ts';
import { emergencyContactsOf } from './emergency-contacts.ts';

/** A drill as it stands, with the people in it. */
export interface LoadedDrill {
  drill: Drill;
  user: User;
  /** The contacts that an alarm would ask now, in that order. */
  contacts: Contact[];
  state: DrillState;
}

// Times of raw rows arrive as text.
interface QuestionRow {
  attempt_key: string;
  status: DeliveryStatus;
  accepted_at: string | null;
  answer_id: number | null;
  contact_id: number | null;
  answered_at: string | null;
}

/** The attempt keys of a drill's messages: one for each thing said to each person. */
export const drillKeys = {
  person: (drillId: number) => `drill/${drillId}/person`,
  contact: (drillId: number, contactId: number) => `drill/${drillId}/contact/${contactId}`,
  outcome: (drillId: number) => `drill/${drillId}/outcome`,
};

/** Reads all that decides what a drill does next. Null when the person was deleted. */
export async function loadDrill(
  em: EntityManager,
  drillId: number,
  minuteMs: number,
): Promise<LoadedDrill | null> {
  const drill = await em.findOne(Drill, { id: drillId });
  if (!drill) return null;
  const user = await em.findOneOrFail(User, drill.userId);
  const contacts = await emergencyContactsOf(em, user.id);
  const messages = await em.execute<QuestionRow[]>(
    `select m.attempt_key, m.status, m.accepted_at, a.id as answer_id, a.contact_id, a.answered_at
     from messages m left join drill_answers a on a.message_id = m.id where m.drill_id = ? order by m.id`,
    [drillId],
  );
  const person = messages.find((each) => each.attempt_key === drillKeys.person(drillId));
  const outcome = messages.find((each) => each.attempt_key === drillKeys.outcome(drillId));
  return {
    drill,
    user,
    contacts,
    state: {
      status: drill.status,
      person: person ? toQuestion(person, Boolean(drill.personAnsweredAt)) : null,
      contactIds: contacts.map((contact) => contact.id),
      contacts: messages
        .filter((each) => each.answer_id !== null)
        .map((each) => ({ ...toQuestion(each, each.answered_at !== null), contactId: each.contact_id })),
      isOutcomeTold: outcome !== undefined && deliveryRank(outcome.status) >= deliveryRank('accepted'),
      waitMs: drill.waitTimeInMinutes * minuteMs,
    },
  };
}

const toQuestion = ({ status, accepted_at }: QuestionRow, isAnswered: boolean): DrillQuestion => ({
  sentAt: accepted_at === null ? null : new Date(accepted_at),
  isFailed: isDeliveryFailure(status),
  isAnswered,
});

/** The drills whose workflow should be running. */
export async function runningDrillIds(em: EntityManager): Promise<number[]> {
  const rows = await em.execute<{ id: number }[]>(`select id from drills where status = 'running'`);
  return rows.map((row) => row.id);
}

/**
 * Cancels the person's running drill, if there is one, and withdraws its texts that were not handed over yet; answers
 * its id. Runs inside the caller's transaction, which must hold the person's lock. The drill's workflow need not hear
 * of it: it looks before each text, and ends when it finds the drill cancelled.
 */
export async function cancelDrill(
  em: EntityManager,
  userId: number,
  reason: DrillReason,
  now: Date,
): Promise<number | null> {
  const [cancelled] = await em.execute<{ id: number }[]>(
    `update drills set status = 'cancelled', reason = ?, ended_at = ?, updated_at = ?
     where user_id = ? and status = 'running' returning id`,
    [reason, now, now, userId],
  );
  if (!cancelled) return null;
  await em.execute(
    `update messages set status = 'canceled', status_rank = 4, updated_at = ?
     where drill_id = ? and status = 'queued'`,
    [now, cancelled.id],
  );
  return cancelled.id;
}

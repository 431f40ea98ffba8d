import type { EntityManager } from '@mikro-orm/postgresql';
import { Probe } from '#libs/db/entities/probe.entity';
import type { User } from '#libs/db/entities/user.entity';
import { orderCheck } from '#libs/db/queries/order-check';
import { lockPerson } from '#libs/db/queries/person';
import { settleProbe } from '#libs/db/queries/settle-probe';
import type { OwedSignal, Wakeups } from '#libs/db/queries/wakeups';
import { AppError } from '#libs/domain/errors';
import { effectOfReply } from '#libs/domain/probe';
import { readReply } from '#libs/domain/replies';
import { readCommand, type CheckOrder } from '#libs/domain/sms-command';
import { texts } from '#libs/domain/texts';

/** What a text led to: the reply, and the workflows that have to hear of it once it is committed. */
export interface Answer {
  reply: string | null;
  owed: Pick<OwedSignal, 'kind' | 'entityId'>[];
}

/** A text that changed nothing and gets no reply. */
export const NO_ANSWER: Answer = { reply: null, owed: [] };

/** What replies are read with. */
export interface ReplyContext {
  wakeups: Wakeups;
  now: Date;
  timeZone: string;
  minuteMs: number;
}

/** Applies a watched person's text, a command or an answer, inside the caller's transaction. */
export async function applyPersonText(
  em: EntityManager,
  user: User,
  body: string,
  context: ReplyContext,
): Promise<Answer> {
  const command = readCommand(body);
  if (command.do === 'answer') return { reply: command.text, owed: [] };
  if (command.do === 'check') return applyOrder(em, user, command.order, context);
  return applyReply(em, user, body, context);
}

async function applyOrder(
  em: EntityManager,
  user: User,
  order: CheckOrder,
  context: ReplyContext,
): Promise<Answer> {
  try {
    await orderCheck(em, context.wakeups, { userId: user.id, order, ...context });
    return { reply: texts.en.checkPlannedReply(order), owed: [{ kind: 'probe', entityId: user.id }] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      reply: error.code === 'contact_required' ? texts.en.contactRequiredReply() : error.message,
      owed: [],
    };
  }
}

async function applyReply(
  em: EntityManager,
  user: User,
  body: string,
  context: ReplyContext,
): Promise<Answer> {
  const { wakeups, now, timeZone } = context;
  const settings = await lockPerson(em, user.id);
  if (!settings) return NO_ANSWER;
  const probe = await em.findOne(Probe, { userId: user.id }, { orderBy: { id: 'desc' } });
  const effect = effectOfReply(
    probe && { status: probe.status, isAllClear: probe.allClearAt !== null },
    readReply(body),
  );
  if (!probe || effect.do === 'ignore') return NO_ANSWER;

  probe.lastResponse = body;
  if (effect.do === 'keep') return NO_ANSWER;

  if (effect.do === 'allClear') {
    probe.allClearAt = now;
    probe.escalationEndedAt = null;
    await wakeups.record(em, { kind: 'escalation', entityId: probe.id, signal: 'allClear' });
    return { reply: texts.en.lateGoodReply(), owed: [{ kind: 'escalation', entityId: probe.id }] };
  }
  await settleProbe(em, wakeups, {
    probe,
    settings,
    status: effect.status,
    reason: 'replied',
    timeZone,
    now,
  });
  await wakeups.record(em, { kind: 'probe', entityId: user.id, signal: 'reply' });
  return {
    reply: effect.status === 'good' ? texts.en.goodReply() : texts.en.badReply(),
    // The alarm goes first.
    owed: [
      { kind: 'escalation', entityId: probe.id },
      { kind: 'probe', entityId: user.id },
    ],
  };
}

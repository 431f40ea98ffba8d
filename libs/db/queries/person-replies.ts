import type { EntityManager } from '@mikro-orm/postgresql';
import type { TextEffect } from '../entities/inbound-message.entity.ts';
import { Probe } from '../entities/probe.entity.ts';
import { checkPlanOf, type ProbeSettings } from '../entities/probe-settings.entity.ts';
import type { User } from '../entities/user.entity.ts';
import { orderCheck } from './order-check.ts';
import { pauseChecks, resumeChecks } from './pause-checks.ts';
import { lockPerson } from './person.ts';
import { settleProbe } from './settle-probe.ts';
import type { OwedSignal, Wakeups } from './wakeups.ts';
import { plusMs } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { effectOfReply, isAlarm } from '#libs/domain/probe';
import { isConsent, readReply } from '#libs/domain/replies';
import { readCommand, type CheckOrder } from '#libs/domain/sms-command';
import { texts } from '#libs/domain/texts';
import { sayMoment } from '#libs/domain/wall-clock';

/** What a text led to: the reply, and the workflows that have to hear of it once it is committed. */
export interface Answer {
  reply: string | null;
  /** Whose matter the reply confirms, where it is about no probe. */
  userId?: number;
  /** The probe that the text was about. */
  probeId?: number;
  /** The contact whose text it was; absent for the person's. */
  contactId?: number;
  /** What the text did, for the record. */
  effect?: TextEffect;
  owed: Pick<OwedSignal, 'kind' | 'entityId'>[];
}

/** The provider's clock, which tells when a text was sent, may differ from ours by this much. */
export const CLOCK_SKEW_MS = 30_000;
const HOUR_MS = 60 * 60_000;

/** A text that changed nothing and gets no reply. */
export const NO_ANSWER: Answer = { reply: null, owed: [] };

/** What replies are read with. */
export interface ReplyContext {
  wakeups: Wakeups;
  /** The text on record. */
  textId: number;
  now: Date;
  /** Set for a text that the provider could not deliver when it was sent: that moment, by its clock. */
  sentAt: Date | null;
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
  if (command.do === 'pause') return applyPause(em, user, command.hours, context);
  if (command.do === 'resume') return applyResume(em, user, context);
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
    return {
      reply: texts.en.checkPlannedReply(order),
      userId: user.id,
      owed: [{ kind: 'probe', entityId: user.id }],
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      reply: error.code === 'contact_required' ? texts.en.contactRequiredReply() : error.message,
      userId: user.id,
      owed: [],
    };
  }
}

/** A pause counts from when it was texted. Hours are real ones, like the ticks that it holds back. */
async function applyPause(
  em: EntityManager,
  user: User,
  hours: number,
  context: ReplyContext,
): Promise<Answer> {
  const { now } = context;
  const settings = await lockPerson(em, user.id);
  const until = plusMs(context.sentAt ?? now, hours * HOUR_MS);
  if (!settings || until <= now || isOutdated(settings, context)) return NO_ANSWER;
  if (!settings.active) return { reply: texts.en.checksOffReply(), userId: user.id, owed: [] };
  const probe = await pauseChecks(em, until, { ...context, settings });
  const words = { until: sayTo(settings, until, context), isCheckCalledOff: !!probe };
  return {
    reply: texts.en.pausedReply(words),
    userId: user.id,
    ...(probe && { probeId: probe.id, effect: 'settled' as const }),
    owed: [{ kind: 'probe', entityId: user.id }],
  };
}

async function applyResume(em: EntityManager, user: User, context: ReplyContext): Promise<Answer> {
  const settings = await lockPerson(em, user.id);
  if (!settings || isOutdated(settings, context)) return NO_ANSWER;
  const wasPaused = await resumeChecks(em, { ...context, settings });
  const { nextTickAt } = settings;
  return {
    reply: nextTickAt
      ? texts.en.checksOnReply({ next: sayTo(settings, nextTickAt, context) })
      : texts.en.checksOffReply(),
    userId: user.id,
    owed: wasPaused ? [{ kind: 'probe', entityId: user.id }] : [],
  };
}

const sayTo = (settings: ProbeSettings, moment: Date, { timeZone, now }: ReplyContext): string =>
  sayMoment(moment, checkPlanOf(settings, timeZone).timeZone, now);

/** A text that was sent before the person paused or resumed by other means came too late to do so. */
const isOutdated = ({ pauseChangedAt }: ProbeSettings, { sentAt }: ReplyContext): boolean =>
  !!sentAt && !!pauseChangedAt && sentAt < pauseChangedAt;

/** Whoever answers has a phone that works; the provider sends to them again when they had opted out. */
export function learnFromText(settings: ProbeSettings, body: string): void {
  settings.numberBrokenAt = null;
  if (isConsent(body)) settings.optedOutAt = null;
}

async function applyReply(
  em: EntityManager,
  user: User,
  body: string,
  context: ReplyContext,
): Promise<Answer> {
  const { wakeups, now, sentAt, timeZone } = context;
  const settings = await lockPerson(em, user.id);
  if (!settings) return NO_ANSWER;
  learnFromText(settings, body);
  // A text that was sent before the latest question cannot be an answer to it.
  const before = sentAt && { createdAt: { $lte: new Date(sentAt.getTime() + CLOCK_SKEW_MS) } };
  const probe = await em.findOne(Probe, { userId: user.id, ...before }, { orderBy: { id: 'desc' } });
  const effect = effectOfReply(
    probe && { status: probe.status, isAllClear: probe.allClearAt !== null },
    readReply(body),
  );
  if (!probe) return NO_ANSWER;
  // Whatever somebody writes after an alarm belongs to its story.
  if (effect.do === 'ignore') return isAlarm(probe.status) ? { ...NO_ANSWER, probeId: probe.id } : NO_ANSWER;

  probe.lastResponse = body;
  if (effect.do === 'keep') return { ...NO_ANSWER, probeId: probe.id, effect: 'kept' };

  if (effect.do === 'allClear') {
    probe.allClearAt = now;
    probe.escalationEndedAt = null;
    await wakeups.record(em, { kind: 'escalation', entityId: probe.id, signal: 'allClear' });
    return {
      reply: texts.en.lateGoodReply(),
      probeId: probe.id,
      effect: 'all_clear',
      owed: [{ kind: 'escalation', entityId: probe.id }],
    };
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
    probeId: probe.id,
    effect: 'settled',
    // The alarm goes first.
    owed: [
      { kind: 'escalation', entityId: probe.id },
      { kind: 'probe', entityId: user.id },
    ],
  };
}

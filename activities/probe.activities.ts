import { activityInfo } from '@temporalio/activity';
import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { MessageKind } from '#libs/db/entities/message.entity';
import { Message } from '#libs/db/entities/message.entity';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import type { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { User } from '#libs/db/entities/user.entity';
import { cancelDrill } from '#libs/db/queries/drill';
import { loadWatch, lockPerson, toOpenProbe } from '#libs/db/queries/person';
import { settleProbe } from '#libs/db/queries/settle-probe';
import type { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { classifyError } from '#libs/domain/delivery';
import {
  endOfFailedQuestion,
  nextStep,
  onSilence,
  reasonOfSilence,
  type ProbeReason,
  type ProbeStep,
  type Tick,
} from '#libs/domain/probe';
import { texts } from '#libs/domain/texts';
import { SendError } from '#libs/twilio/messenger';
import { retryLater } from './failures.ts';
import type { ReadBack } from './read-back.ts';
import { asSending, type Claimed, type TextSender } from './text-sender.ts';

/** What the activities of a probe work with. */
export interface ProbeActivityDeps {
  orm: MikroORM;
  sender: TextSender;
  readBack: ReadBack;
  wakeups: Wakeups;
  clock: Clock;
  timeZone: string;
  /** How long a minute of waiting lasts; 60,000 except in development and tests. */
  minuteMs: number;
}

/** A deadline that is noticed later than this passed while Kronus was away. */
const LATE_AFTER_MS = 60_000;
/** The same where minutes are shorter, in development and tests. */
const LATE_AFTER_MINUTES = 10;
/** For so long an alarm waits for a provider that does not tell whether there is an answer. */
const READ_BACK_LIMIT_MS = 10 * 60_000;

/** A question of a probe on its way: the message to hand over, and which follow-up it is (0: the check-in). */
interface Question {
  probeId: number;
  messageId: number;
  number: number;
  /** Set when this attempt recorded the message: nobody can have sent it before. */
  fresh?: Claimed;
}

/** The activities of the workflow `probe`. Each is safe to run twice and answers the step that follows. */
export type ProbeActivities = ReturnType<typeof createProbeActivities>;

/** Binds the activities of the workflow `probe` to what they work with. */
export function createProbeActivities(deps: ProbeActivityDeps) {
  const { orm, sender, readBack, wakeups, clock, timeZone, minuteMs } = deps;
  const lateAfterMs = Math.min(LATE_AFTER_MS, LATE_AFTER_MINUTES * minuteMs);

  const plan = async (userId: number): Promise<ProbeStep> =>
    nextStep(await loadWatch(orm.em.fork(), userId, minuteMs), clock.now());

  /** Hands the question over; a number that can never be reached ends the probe as unavailable, and says why. */
  async function ask(userId: number, question: Question): Promise<void> {
    const { messageId, fresh } = question;
    const result = await (fresh ? sender.send(fresh) : sender.handOver(messageId));
    if (result.outcome === 'accepted') {
      await orm.em.fork().execute(
        `update probes set last_asked_at = greatest(last_asked_at, ?), retry_count = greatest(retry_count, ?), updated_at = ?
         where id = ? and status = 'pending' and (last_asked_at is null or retry_count < ?)`,
        [result.at, question.number, clock.now(), question.probeId, question.number],
      );
    }
    if (result.outcome === 'failed') {
      const end = endOfFailedQuestion(classifyError(result.errorCode));
      await raiseAlarm(userId, question.probeId, end ?? 'undeliverable');
    }
  }

  /** Ends a probe that is still pending as unavailable, and starts the escalation. */
  async function raiseAlarm(userId: number, probeId: number, reason: ProbeReason): Promise<void> {
    await orm.em.fork().transactional(async (em) => {
      const settings = await lockPerson(em, userId);
      const probe = settings && (await em.findOne(Probe, { id: probeId, status: 'pending' }));
      if (!probe) return;
      await settleProbe(em, wakeups, {
        probe,
        settings,
        status: 'unavailable',
        reason,
        timeZone,
        now: clock.now(),
      });
    });
    wakeups.deliver('escalation', probeId);
  }

  return {
    /** Reads what a person's workflow does next. */
    planNextStep: plan,

    /**
     * Opens the check of a tick and hands its text over: once a tick, however often this runs. Does nothing when the
     * tick is not due any more (the schedule was changed, the check was cancelled).
     */
    async askCheckIn(due: { userId: number; tick: Tick; dueAt: number }): Promise<ProbeStep> {
      const dueAt = new Date(due.dueAt);
      const question = await orm.em.fork().transactional(async (em) => {
        const settings = await lockPerson(em, due.userId);
        if (!settings) return null;
        return (
          (await openProbe(em, settings, due.tick, dueAt)) ?? findQuestion(em, due.userId, due.tick, dueAt)
        );
      });
      if (question) await ask(due.userId, question);
      return plan(due.userId);
    },

    /** Hands over the check-in of a probe that was opened by a workflow which is no more. */
    async resumeCheckIn({ userId, probeId }: { userId: number; probeId: number }): Promise<ProbeStep> {
      const em = orm.em.fork();
      const probe = await em.findOne(Probe, { id: probeId });
      const question = probe && (await questionOf(em, probe, 0));
      if (question) await ask(userId, question);
      return plan(userId);
    },

    /** Nudges a person who has not answered: once for each number. */
    async sendFollowUp(due: { userId: number; probeId: number; number: number }): Promise<ProbeStep> {
      const question = await orm.em.fork().transactional(async (em) => {
        const settings = await lockPerson(em, due.userId);
        const probe = settings && (await em.findOne(Probe, { id: due.probeId, status: 'pending' }));
        if (!probe) return null;
        return (
          (await questionOf(em, probe, due.number)) ??
          recordQuestion(em, probe, due.number, texts.en.followUp(), 'follow_up')
        );
      });
      if (question) await ask(due.userId, question);
      return plan(due.userId);
    },

    /**
     * Decides a probe that nobody answered, after looking whether an answer is waiting at the provider. A deadline that
     * passed while Kronus was away is followed by one more question; else the probe ends as unavailable, with a reason
     * that tells silence from a phone that could not be reached.
     */
    async giveUp({ userId, probeId }: { userId: number; probeId: number }): Promise<ProbeStep> {
      await readMissedReplies(userId, probeId);
      const isRaised = await orm.em.fork().transactional(async (em) => {
        const settings = await lockPerson(em, userId);
        const probe = settings && (await em.findOne(Probe, { id: probeId, status: 'pending' }));
        if (!probe) return false;
        const now = clock.now();
        const effect = onSilence(toOpenProbe(probe, minuteMs), now, lateAfterMs);
        if (effect === 'askOnceMore') probe.lateRetries++;
        if (effect !== 'alarm') return false;
        const sent = await em.find(Message, { probeId, kind: { $in: ['check_in', 'follow_up'] } });
        const reason = reasonOfSilence(sent.map((message) => message.status));
        await settleProbe(em, wakeups, { probe, settings, status: 'unavailable', reason, timeZone, now });
        return true;
      });
      if (isRaised) wakeups.deliver('escalation', probeId);
      return plan(userId);
    },
  };

  /** Takes in answers that we could not receive; after a while the alarm is raised without having looked. */
  async function readMissedReplies(userId: number, probeId: number): Promise<void> {
    const em = orm.em.fork();
    const probe = await em.findOne(Probe, { id: probeId, status: 'pending' });
    const user = probe && (await em.findOne(User, userId));
    if (!probe || !user?.phoneNumber) return;
    try {
      await readBack.fromPhone(user.phoneNumber, probe.createdAt);
    } catch (error) {
      const isWorthWaiting = error instanceof SendError && error.errorClass === 'retry';
      const waitedMs = clock.now().getTime() - activityInfo().scheduledTimestampMs;
      if (isWorthWaiting && waitedMs < READ_BACK_LIMIT_MS) throw retryLater(error);
    }
  }

  /**
   * Opens the probe of a tick that is still due, with its first question; null when it is not due (any more). A
   * one-off check takes the place of a probe that is pending. Either takes that of a drill.
   */
  async function openProbe(
    em: EntityManager,
    settings: ProbeSettings,
    tick: Tick,
    dueAt: Date,
  ): Promise<Question | null> {
    const now = new Date(Math.max(clock.now().getTime(), dueAt.getTime()));
    const { userId } = settings;
    const isDue = tick.kind === 'one_off' || settings.nextTickAt?.getTime() === dueAt.getTime();
    const check =
      tick.kind === 'one_off' ? await em.findOne(OneOffCheck, { id: tick.checkId, ...WAITING }) : null;
    if (!isDue || (tick.kind === 'one_off' && !check)) return null;

    const pending = await em.findOne(Probe, { userId, status: 'pending' });
    if (pending && !check) return null;
    // Noticed late, because Kronus was away or had much to send.
    if (!check && settings.putOffInQuietHours(timeZone, now)) return null;
    if (pending) {
      const end = { status: 'cancelled', reason: 'superseded' } as const;
      await settleProbe(em, wakeups, { probe: pending, settings, ...end, timeZone, now });
      await em.flush();
    }
    if (!check) settings.skipTicksUntil(timeZone, now);

    const user = await em.findOneOrFail(User, userId);
    if (!user.phoneNumber) {
      // Nobody can be watched without one; whatever let it come to this, the tick must not come again at once.
      if (check) check.cancelledAt = now;
      return null;
    }
    const { maxRetries, waitTimeInMinutes } = check ?? settings;
    const probe = em.create(Probe, {
      userId,
      kind: tick.kind,
      dueAt,
      maxRetries,
      waitTimeInMinutes,
      createdAt: now,
    });
    await em.flush();
    // The real thing goes first: those whom a drill asked get no further texts of it.
    await cancelDrill(em, userId, 'superseded', now);
    if (check) check.probeId = probe.id;
    const names = { person: user.firstName ?? '' };
    const body = check ? texts.en.oneOffCheckIn(names) : texts.en.checkIn(names);
    return recordQuestion(em, probe, 0, body, 'check_in', user.phoneNumber);
  }

  async function recordQuestion(
    em: EntityManager,
    probe: Probe,
    number: number,
    body: string,
    kind: MessageKind,
    phoneNumber?: string | null,
  ): Promise<Question | null> {
    const toNumber = phoneNumber ?? (await em.findOneOrFail(User, probe.userId)).phoneNumber;
    if (!toNumber) return null;
    const message = em.create(Message, {
      userId: probe.userId,
      probeId: probe.id,
      kind,
      toNumber,
      body,
      attemptKey: questionKey(probe.id, number),
      ...asSending(clock.now()),
    });
    await em.flush();
    return { probeId: probe.id, messageId: message.id, number, fresh: message };
  }
}

/** A one-off check that was neither asked nor cancelled. */
const WAITING = { probeId: null, cancelledAt: null };

const questionKey = (probeId: number, number: number) =>
  number === 0 ? `probe/${probeId}/check-in` : `probe/${probeId}/follow-up/${number}`;

async function questionOf(em: EntityManager, probe: Probe, number: number): Promise<Question | null> {
  const message = await em.findOne(Message, { attemptKey: questionKey(probe.id, number) });
  return message && { probeId: probe.id, messageId: message.id, number };
}

/** The first question of the probe that an earlier attempt opened for this tick. */
async function findQuestion(
  em: EntityManager,
  userId: number,
  tick: Tick,
  dueAt: Date,
): Promise<Question | null> {
  const check = tick.kind === 'one_off' ? await em.findOne(OneOffCheck, { id: tick.checkId }) : null;
  const opened =
    tick.kind === 'one_off' ? { id: check?.probeId ?? 0 } : { kind: 'scheduled' as const, dueAt };
  const probe = await em.findOne(Probe, { userId, ...opened });
  return probe && questionOf(em, probe, 0);
}

import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { DrillAnswer } from '#libs/db/entities/drill-answer.entity';
import { Drill } from '#libs/db/entities/drill.entity';
import { Message, type MessageKind } from '#libs/db/entities/message.entity';
import { drillKeys, loadDrill, type LoadedDrill } from '#libs/db/queries/drill';
import { lockPerson } from '#libs/db/queries/person';
import type { Clock } from '#libs/domain/clock';
import { deliveryRank } from '#libs/domain/delivery';
import { nextDrillStep, type DrillStep } from '#libs/domain/drill';
import { texts, type DrillAnswers } from '#libs/domain/texts';
import type { ReadBack } from './read-back.ts';
import type { TextSender } from './text-sender.ts';

/** What the activities of a drill work with. */
export interface DrillActivityDeps {
  orm: MikroORM;
  sender: TextSender;
  readBack: ReadBack;
  clock: Clock;
  /** How long a minute of waiting lasts; 60,000 except in development and tests. */
  minuteMs: number;
}

/** A text of a drill before it is recorded. */
interface TestText {
  kind: MessageKind;
  toNumber: string | null | undefined;
  body: string;
  /** Set for the question to a contact. */
  contactId?: number;
}

/** The activities of the workflow `drill`. Each is safe to run twice and answers the step that follows. */
export type DrillActivities = ReturnType<typeof createDrillActivities>;

/** Binds the activities of the workflow `drill` to what they work with. */
export function createDrillActivities({ orm, sender, readBack, clock, minuteMs }: DrillActivityDeps) {
  /** Reads what follows; a drill with nothing left to do is finished. */
  async function plan(drillId: number, now: Date): Promise<DrillStep> {
    const em = orm.em.fork();
    const loaded = await loadDrill(em, drillId, minuteMs);
    if (!loaded) return { do: 'end' };
    const step = nextDrillStep(loaded.state, now);
    if (step.do === 'end') {
      const end = { status: 'finished', endedAt: now, updatedAt: now } as const;
      await em.nativeUpdate(Drill, { id: drillId, status: 'running' }, end);
    }
    return step;
  }

  /**
   * Hands over the text of `attemptKey`, once. It is recorded first, as `choose` wants it, under the person's lock and
   * while the drill runs; one that was recorded before is finished, whatever has changed since.
   */
  async function say(
    drillId: number,
    attemptKey: string,
    choose: (loaded: LoadedDrill) => TestText | null | Promise<TestText | null>,
  ): Promise<DrillStep> {
    await readMissedAnswers(drillId);
    const messageId = await orm.em.fork().transactional(async (em) => {
      const [known] = await em.execute<{ user_id: number }[]>(`select user_id from drills where id = ?`, [
        drillId,
      ]);
      if (!known || !(await lockPerson(em, known.user_id))) return null;
      const recorded = await em.findOne(Message, { attemptKey });
      if (recorded) return recorded.id;
      const loaded = await loadDrill(em, drillId, minuteMs);
      if (loaded?.drill.status !== 'running') return null;
      const text = await choose(loaded);
      return text && recordText(em, loaded.drill, attemptKey, text, clock.now());
    });
    if (messageId !== null) await sender.handOver(messageId);
    return plan(drillId, clock.now());
  }

  /** Takes in what those who were asked answered while we could not receive it. Best effort: it is only a drill. */
  async function readMissedAnswers(drillId: number): Promise<void> {
    const asked = await orm.em.fork().execute<{ to_number: string; since: string }[]>(
      `select to_number, min(created_at) as since from messages
       where drill_id = ? and accepted_at is not null and kind <> 'drill_outcome' group by to_number`,
      [drillId],
    );
    await Promise.allSettled(
      asked.map(({ to_number, since }) => readBack.fromPhone(to_number, new Date(since))),
    );
  }

  return {
    /** Reads what a drill does next at `now`, the workflow's own time in epoch milliseconds. */
    planDrill: ({ drillId, now }: { drillId: number; now: number }): Promise<DrillStep> =>
      plan(drillId, new Date(now)),

    /** Asks the person, once. */
    askPersonInDrill: (drillId: number): Promise<DrillStep> =>
      say(drillId, drillKeys.person(drillId), ({ user }) => ({
        kind: 'drill_question',
        toNumber: user.phoneNumber,
        body: texts.en.drillQuestion({ person: user.firstName ?? '' }),
      })),

    /** Asks one contact, once; nobody when the contact would not be asked in an alarm any more. */
    askContactInDrill: ({ drillId, contactId }: { drillId: number; contactId: number }): Promise<DrillStep> =>
      say(drillId, drillKeys.contact(drillId, contactId), ({ user, contacts }) => {
        const contact = contacts.find((each) => each.id === contactId);
        if (!contact) return null;
        return {
          kind: 'drill_alert',
          toNumber: contact.phoneNumber,
          body: texts.en.drillAlert({ person: user.firstName ?? '', contact: contact.firstName }),
          contactId,
        };
      }),

    /** Tells the person who answered; the drill is finished once this was handed over. */
    tellDrillOutcome: (drillId: number): Promise<DrillStep> =>
      say(drillId, drillKeys.outcome(drillId), async ({ user }) => ({
        kind: 'drill_outcome',
        toNumber: user.phoneNumber,
        body: texts.en.drillOutcome({ person: user.firstName ?? '' }, await readAnswers(drillId)),
      })),
  };

  async function readAnswers(drillId: number): Promise<DrillAnswers> {
    const rows = await orm.em.fork().execute<{ first_name: string; has_answered: boolean }[]>(
      `select c.first_name, a.answered_at is not null as has_answered
       from drill_answers a join contacts c on c.id = a.contact_id where a.drill_id = ? order by a.id`,
      [drillId],
    );
    const namesOf = (hasAnswered: boolean) =>
      rows.filter((row) => row.has_answered === hasAnswered).map((row) => row.first_name);
    return { answered: namesOf(true), silent: namesOf(false) };
  }
}

async function recordText(
  em: EntityManager,
  drill: Drill,
  attemptKey: string,
  { toNumber, contactId, ...rest }: TestText,
  now: Date,
): Promise<number> {
  const message = em.create(Message, {
    ...rest,
    attemptKey,
    userId: drill.userId,
    drillId: drill.id,
    toNumber: toNumber ?? '',
    createdAt: now,
  });
  if (!toNumber) {
    message.status = 'failed';
    message.statusRank = deliveryRank('failed');
    message.lastError = 'no phone number';
  }
  await em.flush();
  if (contactId !== undefined) {
    em.create(DrillAnswer, { drillId: drill.id, contactId, messageId: message.id, createdAt: now });
    await em.flush();
  }
  return message.id;
}

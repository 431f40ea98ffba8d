import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { EmergencyProbe } from '#libs/db/entities/emergency-probe.entity';
import { Message, type MessageKind } from '#libs/db/entities/message.entity';
import { escalationKeys, loadEscalation, type Escalation } from '#libs/db/queries/escalation';
import { lockPerson } from '#libs/db/queries/person';
import { Probe } from '#libs/db/entities/probe.entity';
import type { Clock } from '#libs/domain/clock';
import { deliveryRank } from '#libs/domain/delivery';
import { alertCauseOf, nextEscalationStep, type EscalationStep } from '#libs/domain/escalation';
import { texts } from '#libs/domain/texts';
import type { ReadBack } from './read-back.ts';
import type { TextSender } from './text-sender.ts';

/** What the activities of an escalation work with. */
export interface EscalationActivityDeps {
  orm: MikroORM;
  sender: TextSender;
  readBack: ReadBack;
  clock: Clock;
  /** How long a minute of waiting lasts; 60,000 except in development and tests. */
  minuteMs: number;
}

/** A message of an escalation before it is recorded. */
interface Notice {
  attemptKey: string;
  kind: MessageKind;
  toNumber: string | null | undefined;
  body: string;
}

/** The activities of the workflow `escalation`. Each is safe to run twice and answers the step that follows. */
export type EscalationActivities = ReturnType<typeof createEscalationActivities>;

/** Binds the activities of the workflow `escalation` to what they work with. */
export function createEscalationActivities({
  orm,
  sender,
  readBack,
  clock,
  minuteMs,
}: EscalationActivityDeps) {
  async function plan(probeId: number, now: Date): Promise<EscalationStep> {
    const em = orm.em.fork();
    const escalation = await loadEscalation(em, probeId, minuteMs);
    if (!escalation) return { do: 'end', outcome: 'nobody_to_ask' };
    const step = nextEscalationStep(escalation.state, now);
    if (step.do === 'end') await em.nativeUpdate(Probe, { id: probeId }, { escalationEndedAt: now });
    return step;
  }

  /** Records what `choose` wants said, under the person's lock, and hands it over; what was said is not said again. */
  async function say(
    probeId: number,
    choose: (escalation: Escalation, em: EntityManager) => Notice[] | Promise<Notice[]>,
  ): Promise<EscalationStep> {
    const messageIds = await orm.em.fork().transactional(async (em) => {
      const probe = await em.findOne(Probe, { id: probeId });
      if (!probe || !(await lockPerson(em, probe.userId))) return [];
      const escalation = await loadEscalation(em, probeId, minuteMs);
      if (!escalation) return [];
      const ids: number[] = [];
      for (const notice of await choose(escalation, em)) ids.push(await recordNotice(em, escalation, notice));
      return ids;
    });
    // One recipient whose text cannot go now must not keep the others waiting.
    const results = await Promise.allSettled(messageIds.map((id) => sender.handOver(id)));
    const refused = results.find((result) => result.status === 'rejected');
    if (refused) throw refused.reason;
    return plan(probeId, clock.now());
  }

  /** Takes in what contacts who were alerted before answered while we could not receive it. Never delays an alert. */
  async function readMissedAcknowledgements(probeId: number): Promise<void> {
    const asked = await orm.em.fork().execute<{ phone_number: string; since: string }[]>(
      `select c.phone_number, min(e.created_at) as since from emergency_probes e join contacts c on c.id = e.contact_id
         where e.probe_id = ? group by c.phone_number`,
      [probeId],
    );
    const readings = asked.map(({ phone_number, since }) =>
      readBack.fromPhone(phone_number, new Date(since)),
    );
    await Promise.allSettled(readings);
  }

  return {
    /** Reads what an escalation does next at `now`, the workflow's own time in epoch milliseconds. */
    planEscalation: ({ probeId, now }: { probeId: number; now: number }): Promise<EscalationStep> =>
      plan(probeId, new Date(now)),

    /** Asks one contact to look after the person, once a round, unless an earlier one has taken it on. */
    async alertContact(alert: {
      probeId: number;
      contactId: number;
      round: number;
    }): Promise<EscalationStep> {
      await readMissedAcknowledgements(alert.probeId);
      return say(alert.probeId, async (escalation, em) => {
        const { probe, user, contacts, state } = escalation;
        const contact = contacts.find((each) => each.id === alert.contactId);
        if (!contact || state.acknowledgement !== 'none' || state.allClear !== 'none') return [];
        const attemptKey = escalationKeys.alert(probe.id, contact.id, alert.round);
        const names = { person: user.firstName ?? '', contact: contact.firstName };
        const notice: Notice = {
          attemptKey,
          kind: 'alert',
          toNumber: contact.phoneNumber,
          body: texts.en.alert(names, alertCauseOf(probe.status, probe.reason)),
        };
        const messageId = await recordNotice(em, escalation, notice);
        if (!(await em.findOne(EmergencyProbe, { messageId }))) {
          em.create(EmergencyProbe, {
            probeId: probe.id,
            contactId: contact.id,
            messageId,
            round: alert.round,
          });
        }
        return [notice];
      });
    },

    /** Tells the person whom we reached, and that their schedule is off. */
    tellPerson({ probeId, contactId }: { probeId: number; contactId: number }): Promise<EscalationStep> {
      return say(probeId, ({ user, contacts }) => {
        const contact = contacts.find((each) => each.id === contactId);
        if (!contact) return [];
        const notice: Notice = {
          attemptKey: escalationKeys.reachedOut(probeId, contactId),
          kind: 'reached_out',
          toNumber: user.phoneNumber,
          body: texts.en.reachedOut({ contact: contact.firstName }),
        };
        return [notice];
      });
    },

    /** Tells the person that there is nobody who could be asked, and that their schedule is off. */
    tellNobody(probeId: number): Promise<EscalationStep> {
      return say(probeId, ({ user }) => {
        const notice: Notice = {
          attemptKey: escalationKeys.nobodyReached(probeId),
          kind: 'nobody_reached',
          toNumber: user.phoneNumber,
          body: texts.en.nobodyToReach(),
        };
        return [notice];
      });
    },

    /** Tells the person and the other contacts who were alerted that somebody takes care of it. */
    tellAcknowledged(probeId: number): Promise<EscalationStep> {
      return say(probeId, ({ user, contacts, alertedContactIds, acknowledgedBy }) => {
        const by = acknowledgedBy?.firstName ?? '';
        const person: Notice = {
          attemptKey: escalationKeys.acknowledged(probeId, 'person'),
          kind: 'acknowledged',
          toNumber: user.phoneNumber,
          body: texts.en.acknowledgedToPerson({ contact: by }),
        };
        const others = contacts
          .filter((contact) => alertedContactIds.includes(contact.id) && contact !== acknowledgedBy)
          .map((contact): Notice => {
            const names = { person: user.firstName ?? '', contact: contact.firstName };
            return {
              attemptKey: escalationKeys.acknowledged(probeId, contact.id),
              kind: 'acknowledged',
              toNumber: contact.phoneNumber,
              body: texts.en.acknowledgedToContact(names, by),
            };
          });
        return [person, ...others];
      });
    },

    /** Tells everyone who was alerted that the person is okay after all. */
    tellAllClear(probeId: number): Promise<EscalationStep> {
      return say(probeId, ({ user, contacts, alertedContactIds }) =>
        contacts
          .filter((contact) => alertedContactIds.includes(contact.id))
          .map((contact): Notice => {
            const names = { person: user.firstName ?? '', contact: contact.firstName };
            return {
              attemptKey: escalationKeys.allClear(probeId, contact.id),
              kind: 'all_clear',
              toNumber: contact.phoneNumber,
              body: texts.en.allClear(names),
            };
          }),
      );
    },
  };
}

async function recordNotice(em: EntityManager, { user, probe }: Escalation, notice: Notice): Promise<number> {
  const recorded = await em.findOne(Message, { attemptKey: notice.attemptKey });
  if (recorded) return recorded.id;
  const { toNumber, ...rest } = notice;
  const message = em.create(Message, {
    ...rest,
    userId: user.id,
    probeId: probe.id,
    toNumber: toNumber ?? '',
  });
  if (!toNumber) {
    message.status = 'failed';
    message.statusRank = deliveryRank('failed');
    message.lastError = 'no phone number';
  }
  await em.flush();
  return message.id;
}

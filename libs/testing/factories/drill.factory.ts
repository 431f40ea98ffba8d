import type { EntityManager } from '@mikro-orm/postgresql';
import type { Contact } from '#libs/db/entities/contact.entity';
import { DrillAnswer } from '#libs/db/entities/drill-answer.entity';
import { Drill } from '#libs/db/entities/drill.entity';
import { Message, type MessageKind } from '#libs/db/entities/message.entity';
import { deliveryRank, type DeliveryStatus } from '#libs/domain/delivery';
import { nextNumber } from './sequence.ts';

/** What can be chosen about a drill. */
export type DrillChoices = Partial<
  Pick<Drill, 'status' | 'reason' | 'startedAt' | 'endedAt' | 'personAnsweredAt'>
>;

/** Stores a drill of a person that runs since `now`, unless chosen otherwise. */
export async function createDrill(
  em: EntityManager,
  userId: number,
  now: Date,
  choices: DrillChoices = {},
): Promise<Drill> {
  const drill = em.create(Drill, { userId, waitTimeInMinutes: 10, startedAt: now, ...choices });
  await em.flush();
  return drill;
}

/** Stores the text of a drill to a phone. */
export async function createDrillMessage(
  em: EntityManager,
  drill: Drill,
  { kind, toNumber, status }: { kind: MessageKind; toNumber: string; status: DeliveryStatus },
): Promise<Message> {
  const message = em.create(Message, {
    userId: drill.userId,
    drillId: drill.id,
    kind,
    toNumber,
    status,
    statusRank: deliveryRank(status),
    acceptedAt: deliveryRank(status) >= deliveryRank('accepted') ? drill.startedAt : null,
    attemptKey: `test/${nextNumber()}`,
    body: 'TEST',
  });
  await em.flush();
  return message;
}

/** Stores the question of a drill to a contact, which arrived unless chosen otherwise. */
export async function createDrillAnswer(
  em: EntityManager,
  drill: Drill,
  { id, phoneNumber }: Contact,
  status: DeliveryStatus = 'delivered',
): Promise<DrillAnswer> {
  const message = await createDrillMessage(em, drill, { kind: 'drill_alert', toNumber: phoneNumber, status });
  const answer = em.create(DrillAnswer, {
    drillId: drill.id,
    contactId: id,
    messageId: message.id,
    createdAt: drill.startedAt,
  });
  await em.flush();
  return answer;
}

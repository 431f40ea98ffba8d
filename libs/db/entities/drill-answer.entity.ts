import { defineEntity, p } from '@mikro-orm/core';
import { Contact } from './contact.entity.ts';
import { Drill } from './drill.entity.ts';
import { Message } from './message.entity.ts';

const DrillAnswerSchema = defineEntity({
  name: 'DrillAnswer',
  tableName: 'drill_answers',
  properties: {
    id: p.integer().primary(),
    drillId: () => p.manyToOne(Drill).mapToPk().joinColumn('drill_id'),
    contactId: () => p.manyToOne(Contact).mapToPk().joinColumn('contact_id').nullable(),
    messageId: () => p.oneToOne(Message).mapToPk().owner().joinColumn('message_id'),
    answeredAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** The question of a drill to one contact, and when they answered it. */
export class DrillAnswer extends DrillAnswerSchema.class {}
DrillAnswerSchema.setClass(DrillAnswer);

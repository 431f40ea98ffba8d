import { defineEntity, p } from '@mikro-orm/core';
import type { DrillReason, DrillStatus } from '#libs/domain/drill';
import { User } from './user.entity.ts';

const DrillSchema = defineEntity({
  name: 'Drill',
  tableName: 'drills',
  properties: {
    id: p.integer().primary(),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    status: p.string().$type<DrillStatus>().default('running'),
    reason: p.string().$type<DrillReason>().nullable(),
    waitTimeInMinutes: p.integer(),
    personAnsweredAt: p.datetime().nullable(),
    startedAt: p.datetime().onCreate(() => new Date()),
    endedAt: p.datetime().nullable(),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** One try of the whole chain with the real phones: the person, then each contact. At most one runs for a person. */
export class Drill extends DrillSchema.class {}
DrillSchema.setClass(Drill);

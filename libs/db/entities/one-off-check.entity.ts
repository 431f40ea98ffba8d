import { defineEntity, p } from '@mikro-orm/core';
import { Probe } from './probe.entity.ts';
import { User } from './user.entity.ts';

const OneOffCheckSchema = defineEntity({
  name: 'OneOffCheck',
  tableName: 'one_off_checks',
  properties: {
    id: p.integer().primary(),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    dueAt: p.datetime(),
    maxRetries: p.integer(),
    waitTimeInMinutes: p.integer(),
    probeId: () => p.manyToOne(Probe).mapToPk().joinColumn('probe_id').nullable(),
    cancelledAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
  },
});

/** "Check on me in N minutes": waits until it is asked (`probeId`) or cancelled. */
export class OneOffCheck extends OneOffCheckSchema.class {}
OneOffCheckSchema.setClass(OneOffCheck);

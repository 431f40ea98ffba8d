import { defineEntity, p } from '@mikro-orm/core';

/** The kinds of workflow that a change in the database can concern. */
export type WakeupKind = 'probe' | 'escalation' | 'notices' | 'drill';

const WakeupSchema = defineEntity({
  name: 'Wakeup',
  tableName: 'wakeups',
  properties: {
    kind: p.string().$type<WakeupKind>().primary(),
    entityId: p.integer().primary(),
    signal: p.string(),
    requestId: p.string().nullable(),
    version: p.integer().default(1),
    createdAt: p.datetime().onCreate(() => new Date()),
  },
});

/**
 * A signal still owed to a workflow (`probe/<user id>`, `escalation/<probe id>`, `notices/<user id>`, `drill/<drill id>`), written in the transaction of the
 * change that it announces and removed once it was delivered. No change can be committed and its signal lost.
 */
export class Wakeup extends WakeupSchema.class {}
WakeupSchema.setClass(Wakeup);

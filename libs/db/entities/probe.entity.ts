import { defineEntity, p } from '@mikro-orm/core';
import type { ProbeKind, ProbeReason, ProbeStatus } from '#libs/domain/probe';
import { User } from './user.entity.ts';

const ProbeSchema = defineEntity({
  name: 'Probe',
  tableName: 'probes',
  properties: {
    id: p.integer().primary(),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    kind: p.string().$type<ProbeKind>(),
    dueAt: p.datetime(),
    status: p.string().$type<ProbeStatus>().default('pending'),
    reason: p.string().$type<ProbeReason>().nullable(),
    lastResponse: p.text().nullable(),
    retryCount: p.integer().default(0),
    maxRetries: p.integer(),
    lateRetries: p.integer().default(0),
    waitTimeInMinutes: p.integer(),
    lastAskedAt: p.datetime().nullable(),
    decidedAt: p.datetime().nullable(),
    switchedOffAt: p.datetime().nullable(),
    allClearAt: p.datetime().nullable(),
    escalationEndedAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** One check of one person. Decided once: whoever holds the row's lock while it is pending decides it. */
export class Probe extends ProbeSchema.class {
  /** Ends a pending probe. @throws Error when it is decided already, which the caller's lock must rule out */
  settle(status: Exclude<ProbeStatus, 'pending'>, reason: ProbeReason, now: Date): void {
    if (this.status !== 'pending') throw new Error(`probe ${this.id} is already ${this.status}`);
    this.status = status;
    this.reason = reason;
    this.decidedAt = now;
  }
}
ProbeSchema.setClass(Probe);

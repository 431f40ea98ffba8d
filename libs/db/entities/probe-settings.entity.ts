import { defineEntity, p } from '@mikro-orm/core';
import { nextTick } from '#libs/domain/cadence';
import { User } from './user.entity.ts';

const ProbeSettingsSchema = defineEntity({
  name: 'ProbeSettings',
  tableName: 'probe_settings',
  properties: {
    id: p.integer().primary(),
    userId: () => p.oneToOne(User).mapToPk().owner().joinColumn('user_id'),
    active: p.boolean().default(false),
    cronExpression: p.string().default('0 18 * * 3'),
    maxRetries: p.integer().default(3),
    waitTimeInMinutes: p.integer().default(60),
    escalationWaitInMinutes: p.integer().default(15),
    nextTickAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** How a person is watched. `nextTickAt` is set exactly while the schedule is active: the tick that is asked next. */
export class ProbeSettings extends ProbeSettingsSchema.class {
  /** Turns the schedule on, or plans it anew, from `now` on. @throws RangeError for an invalid expression */
  schedule(timeZone: string, now: Date): void {
    this.active = true;
    this.nextTickAt = nextTick(this.cronExpression, timeZone, now);
  }

  /** Moves on past `now`: the tick was asked, or fell into a time when a probe was pending. Later ticks stay. */
  skipTicksUntil(timeZone: string, now: Date): void {
    if (this.nextTickAt && this.nextTickAt <= now) this.schedule(timeZone, now);
  }

  /** Turns the schedule off. */
  stop(): void {
    this.active = false;
    this.nextTickAt = null;
  }
}
ProbeSettingsSchema.setClass(ProbeSettings);

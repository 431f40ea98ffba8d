import { defineEntity, p } from '@mikro-orm/core';
import { nextCheck, outsideQuietHours, type CheckPlan } from '#libs/domain/check-plan';
import { AppError } from '#libs/domain/errors';
import type { ProbeReason } from '#libs/domain/probe';
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
    pausedUntil: p.datetime().nullable(),
    pauseChangedAt: p.datetime().nullable(),
    quietHoursFrom: p.string().nullable(),
    quietHoursTo: p.string().nullable(),
    timeZone: p.string().nullable(),
    optedOutAt: p.datetime().nullable(),
    numberBrokenAt: p.datetime().nullable(),
    lastDrillAt: p.datetime().nullable(),
    lastProvenAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** What of a person's settings decides when they are asked: an entity, or a part of a row. */
export type PlannedSettings = Pick<ProbeSettings, 'cronExpression'> &
  Partial<Pick<ProbeSettings, 'timeZone' | 'quietHoursFrom' | 'quietHoursTo' | 'pausedUntil'>>;

/** A person's settings as the domain plans with them; whoever has no time zone of their own lives in the server's. */
export const checkPlanOf = (settings: PlannedSettings, serverTimeZone: string): CheckPlan => {
  const { cronExpression, timeZone, quietHoursFrom: from, quietHoursTo: to, pausedUntil } = settings;
  return {
    cronExpression,
    timeZone: timeZone ?? serverTimeZone,
    quietHours: from && to ? { from, to } : null,
    pausedUntil: pausedUntil ?? null,
  };
};

/**
 * How a person is watched. `nextTickAt` is set exactly while the schedule is active: when the next scheduled check is
 * asked, which pause, quiet hours and the person's time zone have gone into. `pausedUntil` belongs to an active
 * schedule and may have passed; `pauseChangedAt` is when the person last paused or resumed.
 * `optedOutAt` and `numberBrokenAt`: since when, as far as we know, texts cannot reach them.
 */
export class ProbeSettings extends ProbeSettingsSchema.class {
  /** Turns the schedule on, without a pause, or plans it anew, from `now` on. @throws RangeError for an invalid expression */
  schedule(serverTimeZone: string, now: Date): void {
    if (!this.active) this.pausedUntil = null;
    this.active = true;
    this.nextTickAt = nextCheck(checkPlanOf(this, serverTimeZone), now);
  }

  /** Moves on past `now`: the tick was asked, or fell into a time when a probe was pending. Later ticks stay. */
  skipTicksUntil(serverTimeZone: string, now: Date): void {
    if (this.nextTickAt && this.nextTickAt <= now) this.schedule(serverTimeZone, now);
  }

  /** Puts a tick that comes due, or is noticed, in quiet hours off to their end; true when it did. */
  putOffInQuietHours(serverTimeZone: string, now: Date): boolean {
    const outside = outsideQuietHours(checkPlanOf(this, serverTimeZone), now);
    if (!this.active || outside <= now) return false;
    this.nextTickAt = outside;
    return true;
  }

  /** True while no tick is asked although the schedule is active. */
  isPaused(now: Date): boolean {
    return this.active && !!this.pausedUntil && this.pausedUntil > now;
  }

  /** Asks no tick before `until`, in place of any pause before. @throws Error when the schedule is off */
  pause(until: Date, serverTimeZone: string, now: Date): void {
    if (!this.active) throw new Error('a schedule that is off can not be paused');
    this.pausedUntil = until;
    this.pauseChangedAt = now;
    this.schedule(serverTimeZone, now);
  }

  /** Ends a pause before its time; without one, the plan stays. */
  resume(serverTimeZone: string, now: Date): void {
    const wasPaused = this.isPaused(now);
    this.pausedUntil = null;
    this.pauseChangedAt = now;
    if (wasPaused) this.schedule(serverTimeZone, now);
  }

  /** Refuses to watch somebody whom no text may be sent to. @throws AppError opted_out */
  mustTakeTexts(): void {
    if (!this.optedOutAt) return;
    throw new AppError(
      'opted_out',
      'the phone has opted out of texts: text START from it first, then try again',
    );
  }

  /** Remembers what the end of a probe told about the person's phone. */
  learnFrom(reason: ProbeReason, now: Date): void {
    if (reason === 'opted_out') this.optedOutAt ??= now;
    if (reason === 'invalid_number') this.numberBrokenAt ??= now;
  }

  /** Forgets what keeps texts from the person: another number has a past of its own. */
  forgetReachability(): void {
    this.optedOutAt = null;
    this.numberBrokenAt = null;
  }

  /** Turns the schedule off, and ends its pause. */
  stop(): void {
    this.active = false;
    this.nextTickAt = null;
    this.pausedUntil = null;
  }
}
ProbeSettingsSchema.setClass(ProbeSettings);

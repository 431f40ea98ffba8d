import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { ProbeSettingsView, UpdateProbeSettings } from '#libs/contract/probe-settings.contract';
import { Contact } from '#libs/db/entities/contact.entity';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { User } from '#libs/db/entities/user.entity';
import { settleProbe } from '#libs/db/queries/settle-probe';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import type { Caller } from '../auth/caller.ts';
import { toProbeSettingsView } from './probe-settings.view.ts';
import { lockSettings, saveSettings } from './settings.row.ts';

/** Turns checks on and off and plans them. */
@Injectable()
export class ProbeSettingsService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Changes the caller's settings. Turning checks off also ends a check that is pending and those that were asked for.
   * Waits and retries count from the next check on. The person's workflow is woken only when there is news for it.
   * @throws AppError phone_required, contact_required, not_found
   */
  async update(me: Caller, body: UpdateProbeSettings): Promise<ProbeSettingsView> {
    const now = this.clock.now();
    const { view, isNews } = await this.orm.em.fork().transactional(async (em) => {
      const settings = await lockSettings(em, me.id);
      if (!settings) throw new AppError('not_found', 'user not found');
      const hasToPlan = apply(settings, body);
      if (hasToPlan) await this.plan(em, settings, now);
      const isNews = body.active === false ? await this.stop(em, settings, now) : hasToPlan;
      await saveSettings(em, settings, now);
      if (isNews)
        await this.wakeups.record(em, { kind: 'probe', entityId: me.id, signal: 'settingsChanged' });
      return { view: toProbeSettingsView(settings), isNews };
    });
    if (isNews) this.wakeups.deliver('probe', me.id);
    return view;
  }

  private async plan(em: EntityManager, settings: ProbeSettings, now: Date): Promise<void> {
    if (!settings.active) {
      const user = await em.findOneOrFail(User, settings.userId);
      if (!user.phoneNumber) {
        throw new AppError(
          'phone_required',
          "a phone number is required to enable liveness probes i.e 'active = true'",
        );
      }
      if ((await em.count(Contact, { userId: user.id, isEmergencyContact: true })) === 0) {
        throw new AppError(
          'contact_required',
          "an emergency contact is required to enable liveness probes i.e 'active = true'",
        );
      }
    }
    settings.schedule(this.config.timeZone, now);
  }

  /** Answers whether anything was going on. */
  private async stop(em: EntityManager, settings: ProbeSettings, now: Date): Promise<boolean> {
    const { timeZone } = this.config;
    const wasActive = settings.active;
    settings.stop();
    const probe = await em.findOne(Probe, { userId: settings.userId, status: 'pending' });
    if (probe) {
      const end = { status: 'cancelled', reason: 'cancelled_by_user' } as const;
      await settleProbe(em, this.wakeups, { probe, settings, ...end, timeZone, now });
    }
    const waiting = { userId: settings.userId, probeId: null, cancelledAt: null };
    const cancelled = await em.nativeUpdate(OneOffCheck, waiting, { cancelledAt: now });
    return wasActive || probe !== null || cancelled > 0;
  }
}

/** Takes over what was given, but not the switch; true when the schedule has to be planned (anew). */
function apply(settings: ProbeSettings, body: UpdateProbeSettings): boolean {
  const isNewCron = body.cron_expression !== undefined && body.cron_expression !== settings.cronExpression;
  settings.cronExpression = body.cron_expression ?? settings.cronExpression;
  settings.maxRetries = body.max_retries ?? settings.maxRetries;
  settings.waitTimeInMinutes = body.wait_time_in_minutes ?? settings.waitTimeInMinutes;
  settings.escalationWaitInMinutes = body.escalation_wait_in_minutes ?? settings.escalationWaitInMinutes;
  if (body.active === false) return false;
  return settings.active ? isNewCron : body.active === true;
}

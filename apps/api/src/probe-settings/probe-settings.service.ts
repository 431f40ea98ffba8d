import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type {
  PauseChecks,
  ProbeSettingsView,
  UpdateProbeSettings,
} from '#libs/contract/probe-settings.contract';
import type { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { User } from '#libs/db/entities/user.entity';
import { audit } from '#libs/db/queries/audit';
import { emergencyContactsOf } from '#libs/db/queries/emergency-contacts';
import { pauseChecks, resumeChecks } from '#libs/db/queries/pause-checks';
import { stopChecks } from '#libs/db/queries/stop-checks';
import { Wakeups } from '#libs/db/queries/wakeups';
import { pauseFault } from '#libs/domain/check-plan';
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
   * Waits and retries count from the next check on; a pause goes on through a change of the schedule. The person's
   * workflow is woken only when there is news for it.
   * @throws AppError phone_required, contact_required, opted_out, forbidden (disabled), not_found
   */
  update(me: Caller, body: UpdateProbeSettings): Promise<ProbeSettingsView> {
    return this.change(me, async (em, settings, now) => {
      const hasToPlan = apply(settings, body);
      if (hasToPlan) await this.plan(em, settings, now);
      const isNews = body.active === false ? await stopChecks(em, this.contextOf(settings, now)) : hasToPlan;
      if (isNews)
        await this.wakeups.record(em, { kind: 'probe', entityId: me.id, signal: 'settingsChanged' });
      return isNews;
    });
  }

  /**
   * Asks no scheduled check before a moment, in place of any pause before; a check that is pending is called off.
   * @throws AppError validation, conflict when checks are off, not_found
   */
  pause(me: Caller, body: PauseChecks): Promise<ProbeSettingsView> {
    const until = new Date(body.until);
    return this.change(me, async (em, settings, now) => {
      const fault = pauseFault(until, now);
      if (fault) throw new AppError('validation', fault);
      await pauseChecks(em, until, this.contextOf(settings, now));
      return true;
    });
  }

  /** Ends a pause; without one nothing changes. @throws AppError not_found */
  resume(me: Caller): Promise<ProbeSettingsView> {
    return this.change(me, (em, settings, now) => resumeChecks(em, this.contextOf(settings, now)));
  }

  /** Changes the caller's settings under their lock; wakes their workflow when `work` says that it is owed a signal. */
  private async change(
    me: Caller,
    work: (em: EntityManager, settings: ProbeSettings, now: Date) => Promise<boolean>,
  ): Promise<ProbeSettingsView> {
    const now = this.clock.now();
    const { view, isNews } = await this.orm.em.fork().transactional(async (em) => {
      const settings = await lockSettings(em, me.id);
      if (!settings) throw new AppError('not_found', 'user not found');
      const isNews = await work(em, settings, now);
      await saveSettings(em, settings, now);
      await audit(em);
      return { view: toProbeSettingsView(settings, { timeZone: this.config.timeZone, now }), isNews };
    });
    if (isNews) this.wakeups.deliver('probe', me.id);
    return view;
  }

  private contextOf(settings: ProbeSettings, now: Date) {
    return { wakeups: this.wakeups, settings, timeZone: this.config.timeZone, now };
  }

  private async plan(em: EntityManager, settings: ProbeSettings, now: Date): Promise<void> {
    if (!settings.active) {
      const user = await em.findOneOrFail(User, settings.userId);
      // Disabled while this request waited for the person's lock.
      if (!user.enabled) throw new AppError('forbidden', 'the account is disabled');
      if (!user.phoneNumber) {
        throw new AppError(
          'phone_required',
          "a phone number is required to enable liveness probes i.e 'active = true'",
        );
      }
      if ((await emergencyContactsOf(em, user.id)).length === 0) {
        throw new AppError(
          'contact_required',
          "an emergency contact is required to enable liveness probes i.e 'active = true'",
        );
      }
      settings.mustTakeTexts();
    }
    settings.schedule(this.config.timeZone, now);
  }
}

/** Takes over what was given, but not the switch; true when the schedule has to be planned (anew). */
function apply(settings: ProbeSettings, body: UpdateProbeSettings): boolean {
  const before = planKey(settings);
  settings.cronExpression = body.cron_expression ?? settings.cronExpression;
  if (body.time_zone !== undefined) settings.timeZone = body.time_zone;
  if (body.quiet_hours_from !== undefined) settings.quietHoursFrom = body.quiet_hours_from;
  if (body.quiet_hours_to !== undefined) settings.quietHoursTo = body.quiet_hours_to;
  settings.maxRetries = body.max_retries ?? settings.maxRetries;
  settings.waitTimeInMinutes = body.wait_time_in_minutes ?? settings.waitTimeInMinutes;
  settings.escalationWaitInMinutes = body.escalation_wait_in_minutes ?? settings.escalationWaitInMinutes;
  if (body.active === false) return false;
  return settings.active ? planKey(settings) !== before : body.active === true;
}

/** The same for two schedules that tick the same. */
const planKey = ({ cronExpression, timeZone, quietHoursFrom, quietHoursTo }: ProbeSettings) =>
  JSON.stringify([cronExpression, timeZone ?? null, quietHoursFrom ?? null, quietHoursTo ?? null]);

import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { CreateDrill, DrillView } from '#libs/contract/drill.contract';
import type { Uid } from '#libs/contract/ids';
import type { PageQuery } from '#libs/contract/paging';
import { Drill } from '#libs/db/entities/drill.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { User } from '#libs/db/entities/user.entity';
import { cancelDrill } from '#libs/db/queries/drill';
import { emergencyContactsOf } from '#libs/db/queries/emergency-contacts';
import { lockPerson } from '#libs/db/queries/person';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { DRILL_LIMITS } from '#libs/domain/drill';
import { AppError } from '#libs/domain/errors';
import { CLOCK } from '../app.tokens.ts';
import { isSelf, withinReach, type Caller } from '../auth/caller.ts';
import { Page, slice } from '../http/paging.ts';
import { loadQuestions, toDrillView } from './drill.view.ts';

/** Starts drills, shows who answered, and cancels them. A drill changes no settings and never stands in a check's way. */
@Injectable()
export class DrillsService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Starts a drill of the caller. @throws AppError phone_required, contact_required, opted_out, conflict, not_found */
  async start(me: Caller, body: CreateDrill): Promise<DrillView> {
    const now = this.clock.now();
    const drill = await this.orm.em.fork().transactional(async (em) => {
      const settings = await lockPerson(em, me.id);
      if (!settings) throw new AppError('not_found', 'user not found');
      await mustBeReachable(em, me.id);
      settings.mustTakeTexts();
      await mustBeCalm(em, me.id);
      await mustHavePatience(em, me.id, now);
      const created = em.create(Drill, {
        userId: me.id,
        waitTimeInMinutes: body.wait_time_in_minutes,
        startedAt: now,
      });
      await em.flush();
      // In SQL, because it is no change of settings.
      await em.execute(`update probe_settings set last_drill_at = ? where id = ?`, [now, settings.id]);
      await this.wakeups.record(em, { kind: 'drill', entityId: created.id, signal: 'started' });
      return created;
    });
    this.wakeups.deliver('drill', drill.id);
    return toDrillView(drill);
  }

  /** The drills of one person, newest first. @throws AppError not_found */
  async list(me: Caller, uid: Uid, query: PageQuery): Promise<Page<DrillView>> {
    const em = this.orm.em.fork();
    const where = { userId: await userIdOf(em, me, uid) };
    const [drills, total] = await em.findAndCount(Drill, where, {
      orderBy: { id: 'desc' },
      ...slice(query),
    });
    const questions = await loadQuestions(em, drills);
    return new Page(
      drills.map((drill) => toDrillView(drill, questions.get(drill.id))),
      total,
      query,
    );
  }

  /** One drill of one person. @throws AppError not_found */
  async get(me: Caller, uid: Uid, id: number): Promise<DrillView> {
    const em = this.orm.em.fork();
    const drill = await em.findOne(Drill, { id, userId: await userIdOf(em, me, uid) });
    if (!drill) throw new AppError('not_found', 'drill not found');
    return toDrillView(drill, (await loadQuestions(em, [drill])).get(id));
  }

  /** Cancels a running drill of the caller; nobody gets another text of it. @throws AppError not_found, conflict */
  async cancel(me: Caller, id: number): Promise<void> {
    const now = this.clock.now();
    await this.orm.em.fork().transactional(async (em) => {
      await lockPerson(em, me.id);
      const drill = await em.findOne(Drill, { id, userId: me.id });
      if (!drill) throw new AppError('not_found', 'drill not found');
      if (drill.status !== 'running') throw new AppError('conflict', 'the drill is over');
      await cancelDrill(em, me.id, 'cancelled_by_user', now);
      await this.wakeups.record(em, { kind: 'drill', entityId: id, signal: 'cancel' });
    });
    this.wakeups.deliver('drill', id);
  }
}

async function userIdOf(em: EntityManager, me: Caller, uid: Uid): Promise<number> {
  if (isSelf(me, uid)) return me.id;
  const user = await em.findOne(User, { ...uid, ...withinReach(me) });
  if (!user) throw new AppError('not_found', 'user not found');
  return user.id;
}

async function mustBeReachable(em: EntityManager, userId: number): Promise<void> {
  const user = await em.findOneOrFail(User, userId);
  if (!user.phoneNumber) throw new AppError('phone_required', 'a phone number is required for a drill');
  if ((await emergencyContactsOf(em, userId)).length === 0) {
    throw new AppError('contact_required', 'an emergency contact is required for a drill');
  }
}

/** Nothing real may be going on: its texts and those of a drill would be taken for each other. */
async function mustBeCalm(em: EntityManager, userId: number): Promise<void> {
  if ((await em.count(Probe, { userId, status: 'pending' })) > 0) {
    throw new AppError('conflict', 'a check is waiting for an answer');
  }
  const alarm = { userId, status: { $in: ['bad', 'unavailable'] as const }, escalationEndedAt: null };
  if ((await em.count(Probe, alarm)) > 0) {
    throw new AppError('conflict', 'an alarm is being looked after');
  }
  if ((await em.count(Drill, { userId, status: 'running' })) > 0) {
    throw new AppError('conflict', 'another drill is running');
  }
}

/** What a drill spends is the patience of real people. */
async function mustHavePatience(em: EntityManager, userId: number, now: Date): Promise<void> {
  const since = new Date(now.getTime() - DRILL_LIMITS.perMs);
  if ((await em.count(Drill, { userId, startedAt: { $gt: since } })) >= DRILL_LIMITS.count) {
    throw new AppError('conflict', `at most ${DRILL_LIMITS.count} drills can be started in 24 hours`);
  }
}

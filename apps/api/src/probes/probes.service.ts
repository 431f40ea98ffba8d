import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager, type FilterQuery } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { Uid } from '#libs/contract/ids';
import type { PageQuery } from '#libs/contract/paging';
import type {
  CreateCheck,
  ProbeDetailView,
  ProbeQuery,
  ProbeStats,
  ProbeView,
} from '#libs/contract/probe.contract';
import { Probe } from '#libs/db/entities/probe.entity';
import { User } from '#libs/db/entities/user.entity';
import { audit } from '#libs/db/queries/audit';
import { messagesOfProbe } from '#libs/db/queries/message-log';
import { orderCheck } from '#libs/db/queries/order-check';
import { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { PROBE_STATUSES, type ProbeStatus } from '#libs/domain/probe';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { isSelf, withinReach, type Caller } from '../auth/caller.ts';
import { Page, slice } from '../http/paging.ts';
import { toCheckView, type CheckView } from './check.view.ts';
import { findProbe, ofUsersWithinReach, type ProbePath } from './probe.lookup.ts';
import { loadAlerts, toProbeDetailView, toProbeView } from './probe.view.ts';

/** Shows checks and their alerts, and plans those that a person asks for. */
@Injectable()
export class ProbesService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The probes of one person, newest first. @throws AppError not_found */
  async listOfUser(me: Caller, uid: Uid, query: PageQuery): Promise<Page<ProbeView>> {
    const em = this.orm.em.fork();
    const userId = isSelf(me, uid) ? me.id : (await em.findOne(User, { ...uid, ...withinReach(me) }))?.id;
    if (userId === undefined) throw new AppError('not_found', 'user not found');
    return page(em, { userId }, query);
  }

  /** The probes within the caller's reach, newest first. */
  async list(me: Caller, query: ProbeQuery): Promise<Page<ProbeView>> {
    const where = { ...ofUsersWithinReach(me), ...(query.status && { status: query.status }) };
    return page(this.orm.em.fork(), where, query);
  }

  /** How many probes within the caller's reach are in each state. */
  async stats(me: Caller): Promise<ProbeStats> {
    const rows = await this.orm.em.fork().execute<{ status: ProbeStatus; count: number }[]>(
      `select p.status, count(*)::int as count from probes p join users u on u.id = p.user_id
       where ?::int is null or u.client_id = ? group by p.status`,
      [withinReach(me).clientId ?? null, withinReach(me).clientId ?? null],
    );
    const countOf = (status: ProbeStatus) => rows.find((row) => row.status === status)?.count ?? 0;
    return Object.fromEntries(
      PROBE_STATUSES.map((status) => [`${status}_probe_count`, countOf(status)]),
    ) as ProbeStats;
  }

  /** One probe within the caller's reach; what texts say is shown to the person only. @throws AppError not_found */
  async get(me: Caller, path: ProbePath): Promise<ProbeDetailView> {
    const em = this.orm.em.fork();
    const probe = await findProbe(em, me, path);
    const alerts = (await loadAlerts(em, [probe])).get(probe.id);
    const messages = await messagesOfProbe(em, probe.id);
    return toProbeDetailView(probe, alerts, messages, probe.userId === me.id);
  }

  /** Plans a check of the caller. @throws AppError phone_required, contact_required, opted_out, conflict */
  async checkOnMe(me: Caller, body: CreateCheck): Promise<CheckView> {
    const order = {
      inMinutes: body.in_minutes,
      maxRetries: body.max_retries,
      waitMinutes: body.wait_time_in_minutes,
    };
    const { minuteMs } = this.config;
    const check = await this.orm.em.fork().transactional(async (em) => {
      const now = this.clock.now();
      const check = await orderCheck(em, this.wakeups, { userId: me.id, order, now, minuteMs });
      await audit(em, { targetId: check.id });
      return check;
    });
    this.wakeups.deliver('probe', me.id);
    return toCheckView(check);
  }
}

async function page(
  em: EntityManager,
  where: FilterQuery<Probe>,
  query: PageQuery,
): Promise<Page<ProbeView>> {
  const [probes, total] = await em.findAndCount(Probe, where, { orderBy: { id: 'desc' }, ...slice(query) });
  const alerts = await loadAlerts(em, probes);
  return new Page(
    probes.map((probe) => toProbeView(probe, alerts.get(probe.id))),
    total,
    query,
  );
}

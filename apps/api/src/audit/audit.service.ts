import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Config } from '#libs/config/config';
import type { AuditEntryView, AuditQuery } from '#libs/contract/audit.contract';
import { AuditEntry } from '#libs/db/entities/audit-entry.entity';
import { forgetAudit } from '#libs/db/queries/audit';
import { plusMs, type Clock } from '#libs/domain/clock';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import { withinReach, type Caller } from '../auth/caller.ts';
import { Page, slice } from '../http/paging.ts';
import { toTime } from '../http/time.ts';

const FORGET_EVERY_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** Shows the audit log, and forgets what is older than is to be kept. */
@Injectable()
export class AuditService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('audit');
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The entries about users within the caller's reach, newest first. */
  async list(me: Caller, query: AuditQuery): Promise<Page<AuditEntryView>> {
    const { user_id: userId, action } = query;
    const where = {
      ...withinReach(me),
      ...(userId !== undefined && { $or: [{ actorId: userId }, { userId }] }),
      ...(action !== undefined && { action }),
    };
    const em = this.orm.em.fork();
    const [entries, total] = await em.findAndCount(AuditEntry, where, {
      orderBy: { id: 'desc' },
      ...slice(query),
    });
    return new Page(entries.map(toAuditEntryView), total, query);
  }

  /** Forgets everything that is too old; answers how many entries that were. */
  async forget(): Promise<number> {
    const before = plusMs(this.clock.now(), -this.config.audit.keepDays * DAY_MS);
    let total = 0;
    for (;;) {
      const forgotten = await forgetAudit(this.orm.em.fork(), before);
      if (forgotten === 0) return total;
      total += forgotten;
    }
  }

  onApplicationBootstrap(): void {
    const forget = () =>
      this.forget().catch((error: unknown) =>
        this.logger.warn(
          { error: error instanceof Error ? error.name : 'unknown' },
          'old entries stay for now',
        ),
      );
    this.#timer = setInterval(() => void forget(), FORGET_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }
}

const toAuditEntryView = (entry: AuditEntry): AuditEntryView => ({
  id: entry.id,
  at: toTime(entry.at),
  action: entry.action,
  result: entry.result,
  actor_id: entry.actorId ?? null,
  client_id: entry.clientId ?? null,
  user_id: entry.userId ?? null,
  target_id: entry.targetId ?? null,
  fields: entry.fields,
  address: entry.address,
  request_id: entry.requestId,
});

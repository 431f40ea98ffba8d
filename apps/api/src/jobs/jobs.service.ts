import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import {
  JOB_STATUS_IDS,
  JOB_STATUSES,
  type JobQuery,
  type JobStats,
  type JobStatus,
  type JobView,
} from '#libs/contract/job.contract';
import { withinReach, type Caller } from '../auth/caller.ts';
import { Page, slice } from '../http/paging.ts';
import { toTime, toTimeOrNull, type Moment } from '../http/time.ts';

interface JobRow {
  id: string;
  name: string;
  handler: string;
  args: Record<string, unknown>;
  status: JobStatus;
  fails: number;
  last_error: string | null;
  enqueued_at: Moment | null;
  created_at: Moment;
  updated_at: Moment;
}

/** Texts and checks, and backups, which belong to no client. */
const COLUMNS = `id, client_id, name, handler, args, status, fails, last_error, enqueued_at, created_at, updated_at`;
const JOBS = `(select ${COLUMNS} from jobs union all select ${COLUMNS} from backup_jobs) all_jobs`;
const FILTER = `(?::int is null or client_id = ?) and (?::text is null or status = ?)`;

/** Reads the views of background work; holds no phone numbers and no texts. */
@Injectable()
export class JobsService {
  constructor(private readonly orm: MikroORM) {}

  /** The work within the caller's reach, newest first. */
  async list(me: Caller, query: JobQuery): Promise<Page<JobView>> {
    const em = this.orm.em.fork();
    const filter = filterOf(me, query.status);
    const { limit, offset } = slice(query);
    const rows = await em.execute<JobRow[]>(
      `select * from ${JOBS} where ${FILTER} order by created_at desc, id limit ? offset ?`,
      [...filter, limit, offset],
    );
    const [count] = await em.execute<{ total: number }[]>(
      `select count(*)::int as total from ${JOBS} where ${FILTER}`,
      filter,
    );
    return new Page(rows.map(toJobView), count?.total ?? 0, query);
  }

  /** How much work within the caller's reach is in each state. */
  async stats(me: Caller): Promise<JobStats> {
    const rows = await this.orm.em
      .fork()
      .execute<{ status: JobStatus; count: number }[]>(
        `select status, count(*)::int as count from ${JOBS} where ${FILTER} group by status`,
        filterOf(me, undefined),
      );
    const countOf = (status: JobStatus) => rows.find((row) => row.status === status)?.count ?? 0;
    return Object.fromEntries(
      JOB_STATUSES.map((status) => [`${status.replace('-', '_')}_job_count`, countOf(status)]),
    ) as JobStats;
  }
}

function filterOf(me: Caller, status: JobStatus | undefined): (number | string | null)[] {
  const clientId = withinReach(me).clientId ?? null;
  return [clientId, clientId, status ?? null, status ?? null];
}

function toJobView(row: JobRow): JobView {
  const statusId = JOB_STATUS_IDS[row.status];
  return {
    id: row.id,
    created_at: toTime(row.created_at),
    updated_at: toTime(row.updated_at),
    name: row.name,
    handler: row.handler,
    args: JSON.stringify(row.args),
    fails: row.fails,
    last_error: row.last_error,
    claimed: row.status === 'in-progress',
    job_status_id: statusId,
    status: { id: statusId, name: row.status },
    enqueued_at: toTimeOrNull(row.enqueued_at),
  };
}

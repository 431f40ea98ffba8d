import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { SessionView } from '#libs/contract/auth.contract';
import type { PageQuery } from '#libs/contract/paging';
import type { Clock } from '#libs/domain/clock';
import { CLOCK } from '../app.tokens.ts';
import { Page, slice } from '../http/paging.ts';
import { toTime, type Moment } from '../http/time.ts';
import type { Caller } from './caller.ts';

interface SessionRow {
  id: string;
  has_key: boolean;
  created_at: Moment;
  last_used_at: Moment;
  expires_at: Moment;
}

const LIVE = `from sessions s join users u on u.id = s.user_id and u.token_version = s.token_version
  where s.user_id = ? and s.ended_at is null and s.expires_at > ?`;

/** Shows people where they are logged in. */
@Injectable()
export class SessionListService {
  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The caller's sessions that have not ended, newest first. That a token was used is on record only when it is renewed:
   * a row for each request would cost more than it tells.
   */
  async list(me: Caller, query: PageQuery): Promise<Page<SessionView>> {
    const em = this.orm.em.fork();
    const now = this.clock.now();
    const { limit, offset } = slice(query);
    const rows = await em.execute<SessionRow[]>(
      `select s.id, s.created_at, s.expires_at, k.id is not null as has_key,
         greatest(s.created_at, k.last_used_at,
           (select max(t.created_at) from refresh_tokens t where t.session_id = s.id)) as last_used_at
       from (select s.* ${LIVE}) s left join api_keys k on k.session_id = s.id
       order by s.created_at desc, s.id limit ? offset ?`,
      [me.id, now, limit, offset],
    );
    const [count] = await em.execute<{ total: number }[]>(`select count(*)::int as total ${LIVE}`, [
      me.id,
      now,
    ]);
    return new Page(
      rows.map((row) => toSessionView(row, me)),
      count?.total ?? 0,
      query,
    );
  }
}

const toSessionView = (row: SessionRow, me: Caller): SessionView => ({
  id: row.id,
  kind: row.has_key ? 'key' : 'tokens',
  is_current: row.id === me.sessionId,
  created_at: toTime(row.created_at),
  last_used_at: toTime(row.last_used_at),
  expires_at: toTime(row.expires_at),
});

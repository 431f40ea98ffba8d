import { Migration } from '@mikro-orm/migrations';

/** The operators' read model tells which drill a text belongs to; without, those of drills looked like texts about nothing. */
export class Migration20261126130000 extends Migration {
  override up(): void {
    this.addSql(jobs(`jsonb_build_object('probe_id', m.probe_id, 'drill_id', m.drill_id)`));
  }

  override down(): void {
    this.addSql(jobs(`jsonb_build_object('probe_id', m.probe_id)`));
  }
}

const jobs = (argsOfMessage: string) => `
  create or replace view jobs as
  select m.uuid as id,
         u.client_id,
         m.user_id,
         'message' as kind,
         m.attempt_key as name,
         m.kind as handler,
         ${argsOfMessage} as args,
         case
           when m.status = 'queued' then 'enqueued'
           when m.status = 'sending' then 'in-progress'
           when m.status in ('accepted', 'sent', 'delivered') then 'successful'
           else 'dead'
         end as status,
         greatest(m.attempts - case when m.accepted_at is null then 0 else 1 end, 0) as fails,
         m.last_error,
         m.created_at as enqueued_at,
         m.created_at,
         m.updated_at
  from messages m
  join users u on u.id = m.user_id
  union all
  select md5('one_off_check/' || c.id)::uuid,
         u.client_id,
         c.user_id,
         'one_off_check',
         'one_off_check/' || c.id,
         'check_in',
         jsonb_build_object('due_at', c.due_at),
         'scheduled',
         0,
         null,
         c.created_at,
         c.created_at,
         c.created_at
  from one_off_checks c
  join users u on u.id = c.user_id
  where c.probe_id is null and c.cancelled_at is null`;

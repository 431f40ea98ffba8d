import { Migration } from '@mikro-orm/migrations';

/** The record of backups, and backups as background work beside texts and checks. */
export class Migration20261126120000 extends Migration {
  override up(): void {
    this.addSql(`
      create table backups (
        id uuid primary key,
        name text,
        status text not null default 'running',
        kind text not null,
        attempts int not null default 0,
        started_at timestamptz not null,
        ended_at timestamptz,
        bytes bigint,
        summary jsonb,
        error text,
        proven_at timestamptz,
        proof_error text,
        updated_at timestamptz not null,
        constraint backups_name_key unique (name),
        constraint backups_status_check check (status in ('running', 'succeeded', 'failed')),
        constraint backups_kind_check check (kind in ('scheduled', 'manual', 'shutdown')),
        constraint backups_ended_check check ((status = 'running') = (ended_at is null)),
        constraint backups_succeeded_check check (status <> 'succeeded' or (name is not null and bytes is not null))
      )`);
    this.addSql(`create index backups_started_at_index on backups (started_at desc)`);
    // One at a time, whoever asks. The last one of a process that ends waits for nobody.
    this.addSql(
      `create unique index backups_one_running on backups ((true)) where status = 'running' and kind <> 'shutdown'`,
    );
    this.addSql(`
      create view backup_jobs as
      select b.id,
             null::int as client_id,
             null::int as user_id,
             'backup' as kind,
             coalesce(b.name, 'backup/' || b.id) as name,
             'backup' as handler,
             jsonb_build_object('kind', b.kind) as args,
             case b.status
               when 'running' then 'in-progress'
               when 'succeeded' then 'successful'
               else 'dead'
             end as status,
             greatest(b.attempts - case b.status when 'failed' then 0 else 1 end, 0) as fails,
             b.error as last_error,
             b.started_at as enqueued_at,
             b.started_at as created_at,
             b.updated_at
      from backups b`);
  }

  override down(): void {
    this.addSql(`drop view backup_jobs`);
    this.addSql(`drop table backups`);
  }
}

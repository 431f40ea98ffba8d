import { Migration } from '@mikro-orm/migrations';

/** Sessions with their refresh tokens, and API keys. Secrets are kept as SHA-256 digests only (43 characters of base64url). */
export class Migration20261125150000 extends Migration {
  override up(): void {
    this.addSql(`
      create table sessions (
        id uuid primary key,
        user_id int not null references users (id) on delete cascade,
        token_version int not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz,
        end_reason text check (end_reason in ('logout', 'reuse')),
        check ((ended_at is null) = (end_reason is null))
      )`);
    this.addSql(`create index sessions_user_id_index on sessions (user_id, expires_at)`);

    this.addSql(`
      create table refresh_tokens (
        hash text primary key check (length(hash) = 43),
        session_id uuid not null references sessions (id) on delete cascade,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz
      )`);
    this.addSql(`create index refresh_tokens_session_id_index on refresh_tokens (session_id)`);
    // Whatever runs at the same time: a session has one token that can still be used.
    this.addSql(`
      create unique index refresh_tokens_one_unused on refresh_tokens (session_id) where used_at is null`);

    this.addSql(`
      create table api_keys (
        id uuid primary key,
        user_id int not null references users (id) on delete cascade,
        session_id uuid references sessions (id) on delete cascade,
        label text not null,
        prefix text not null,
        hash text not null constraint api_keys_hash_unique unique check (length(hash) = 43),
        enabled boolean not null default true,
        expires_at timestamptz,
        last_used_at timestamptz,
        replaced_by uuid references api_keys (id) on delete set null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        check (session_id is null or expires_at is not null)
      )`);
    this.addSql(`create index api_keys_user_id_index on api_keys (user_id, created_at)`);
    this.addSql(
      `create index api_keys_session_id_index on api_keys (session_id) where session_id is not null`,
    );
    this.addSql(`
      create index api_keys_replaced_by_index on api_keys (replaced_by) where replaced_by is not null`);
  }

  override down(): void {
    this.addSql(`drop table api_keys`);
    this.addSql(`drop table refresh_tokens`);
    this.addSql(`drop table sessions`);
  }
}

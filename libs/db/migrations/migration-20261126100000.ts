import { Migration } from '@mikro-orm/migrations';

/**
 * Log-ins in a browser, and the codes that apps get for them (OAuth 2.0). A code goes with its session, as refresh
 * tokens do.
 */
export class Migration20261126100000 extends Migration {
  override up(): void {
    this.addSql(`alter table sessions add column browser_hash text`);
    this.addSql(`
      create unique index sessions_browser_hash_unique on sessions (browser_hash) where browser_hash is not null`);
    this.addSql(`alter table refresh_tokens add column app_id text, add column scope text`);
    this.addSql(`
      alter table refresh_tokens add constraint refresh_tokens_app_check
      check ((app_id is null) = (scope is null))`);
    this.addSql(`
      create table oauth_codes (
        hash text primary key,
        session_id uuid not null references sessions (id) on delete cascade,
        app_id text not null,
        redirect_uri text not null,
        scope text not null,
        nonce text,
        code_challenge text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz
      )`);
    this.addSql(`create index oauth_codes_session_id_index on oauth_codes (session_id)`);
  }

  override down(): void {
    this.addSql(`drop table oauth_codes`);
    this.addSql(`alter table refresh_tokens drop column app_id, drop column scope`);
    this.addSql(`alter table sessions drop column browser_hash`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** Levels of accounts, versions of clients, and the secrets of clients, which are never kept in clear. */
export class Migration20261125160000 extends Migration {
  override up(): void {
    this.addSql(`
      alter table users add column level int constraint users_level_check check (level between 0 and 1000)`);
    this.addSql(`
      alter table clients
        add column version int not null default 1,
        add column updated_at timestamptz not null default now()`);
    this.addSql(`update clients set updated_at = created_at`);
    // Apart from the settings, so that whoever shows or copies those cannot take a secret along.
    this.addSql(`
      create table client_secrets (
        client_id int not null references clients (id) on delete cascade,
        name text not null check (name in ('github_token', 'jira_token')),
        sealed text not null,
        updated_at timestamptz not null,
        primary key (client_id, name)
      )`);
  }

  override down(): void {
    this.addSql(`drop table client_secrets`);
    this.addSql(`alter table clients drop column version, drop column updated_at`);
    this.addSql(`alter table users drop column level`);
  }
}

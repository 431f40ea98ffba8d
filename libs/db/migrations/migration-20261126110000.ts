import { Migration } from '@mikro-orm/migrations';

/** Passwords that have to be changed before an account opens, and codes to set a forgotten one anew by. */
export class Migration20261126110000 extends Migration {
  override up(): void {
    this.addSql(`alter table users add column must_change_password boolean not null default false`);
    // One row an account: a new code replaces the one before it, and one that was used is gone.
    this.addSql(`
      create table password_resets (
        user_id int primary key references users (id) on delete cascade,
        code_hash text not null,
        message_id int constraint password_resets_message_id_unique unique references messages (id) on delete set null,
        tries int not null default 0,
        created_at timestamptz not null,
        expires_at timestamptz not null
      )`);
    this.addSql(`
      create index messages_password_texts_index on messages (user_id, id)
      where kind in ('password_code', 'password_changed') and status in ('queued', 'sending')`);
    // The code stands in the text only until the provider has it, or nobody wants it: until then it is what a lost
    // text is found by. A trigger, so that no statement that changes a status can forget it.
    this.addSql(`
      create function redact_password_code() returns trigger language plpgsql as $$
      begin
        new.body := regexp_replace(new.body, '[0-9]{8}', '********');
        return new;
      end $$`);
    this.addSql(`
      create trigger messages_password_code_redacted before update of status on messages
      for each row when (new.kind = 'password_code' and new.status_rank >= 2)
      execute function redact_password_code()`);
  }

  override down(): void {
    this.addSql(`drop trigger messages_password_code_redacted on messages`);
    this.addSql(`drop function redact_password_code()`);
    this.addSql(`drop index messages_password_texts_index`);
    this.addSql(`drop table password_resets`);
    // Nothing would know any more that their codes are secret.
    this.addSql(`delete from messages where kind = 'password_code'`);
    this.addSql(`alter table users drop column must_change_password`);
  }
}

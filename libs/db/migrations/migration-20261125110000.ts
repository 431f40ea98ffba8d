import { Migration } from '@mikro-orm/migrations';

/**
 * The consent of contacts, and texts that belong to no probe. Whoever is an emergency contact already counts as told
 * (no text belongs to their consent), so an upgrade texts nobody. Consent belongs to a person and a phone number, not
 * to the contact's row: who deletes a contact that refused and adds it again has not got their consent back.
 */
export class Migration20261125110000 extends Migration {
  override up(): void {
    this.addSql(`
      create table consents (
        user_id int not null references users (id) on delete cascade,
        phone_number text not null,
        message_id int constraint consents_message_id_unique unique references messages (id) on delete set null,
        answer text check (answer in ('accepted', 'refused')),
        refusal text check (refusal in ('declined', 'opted_out')),
        answered_at timestamptz,
        unreachable_at timestamptz,
        created_at timestamptz not null,
        primary key (user_id, phone_number),
        constraint consents_answered check ((answer is null) = (answered_at is null)),
        constraint consents_refusal check ((answer is not distinct from 'refused') = (refusal is not null))
      )`);
    this.addSql(`create index consents_phone_number_index on consents (phone_number)`);
    this.addSql(`
      insert into consents (user_id, phone_number, created_at)
      select user_id, phone_number, created_at from contacts where is_emergency_contact`);

    this.addSql(`alter table messages alter column probe_id drop not null`);
    // Those that have to be looked after, and no others: a few rows, looked for every minute.
    this.addSql(`
      create index messages_notices_index on messages (user_id, id)
      where kind in ('consent', 'contact_refused', 'contact_unreachable') and status in ('queued', 'sending', 'failed')`);

    this.addSql(`alter table wakeups drop constraint wakeups_kind_check`);
    this.addSql(`
      alter table wakeups add constraint wakeups_kind_check check (kind in ('probe', 'escalation', 'notices'))`);
  }

  override down(): void {
    this.addSql(`delete from wakeups where kind = 'notices'`);
    this.addSql(`alter table wakeups drop constraint wakeups_kind_check`);
    this.addSql(
      `alter table wakeups add constraint wakeups_kind_check check (kind in ('probe', 'escalation'))`,
    );
    this.addSql(`drop index messages_notices_index`);
    this.addSql(`drop table consents`);
    this.addSql(`delete from messages where probe_id is null`);
    this.addSql(`alter table messages alter column probe_id set not null`);
  }
}

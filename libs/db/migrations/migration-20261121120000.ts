import { Migration } from '@mikro-orm/migrations';

/**
 * Texts that are read back from the provider: when they were sent, and how far reading has come. And follow-ups that are
 * owed to a person whose deadline passed while Kronus was away. And the pace that all workers send at.
 */
export class Migration20261121120000 extends Migration {
  override up(): void {
    this.addSql(`alter table inbound_messages add column sent_at timestamptz`);
    this.addSql(`
      create table inbound_cursor (
        id int primary key check (id = 1),
        read_until timestamptz not null
      )`);
    this.addSql(`
      create table sending_pace (
        id int primary key check (id = 1),
        next_at timestamptz not null
      )`);
    this.addSql(`alter table probes add column late_retries int not null default 0`);
  }

  override down(): void {
    this.addSql(`alter table probes drop column late_retries`);
    this.addSql(`drop table sending_pace`);
    this.addSql(`drop table inbound_cursor`);
    this.addSql(`alter table inbound_messages drop column sent_at`);
  }
}

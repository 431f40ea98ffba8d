import { Migration } from '@mikro-orm/migrations';

/** Indexes that keep looking at the backlog cheap, however many people and texts there are. */
export class Migration20261125130000 extends Migration {
  override up(): void {
    this.addSql(`create index messages_unsent_index on messages (created_at) where status_rank < 2`);
    // Texts are added in the order of time, so the smallest kind of index finds those of the last day.
    this.addSql(`
      create index messages_created_at_index on messages using brin (created_at)
      with (pages_per_range = 32, autosummarize = on)`);
    this.addSql(
      `create index probe_settings_next_tick_at_index on probe_settings (next_tick_at) where active`,
    );
  }

  override down(): void {
    this.addSql(`drop index probe_settings_next_tick_at_index`);
    this.addSql(`drop index messages_created_at_index`);
    this.addSql(`drop index messages_unsent_index`);
  }
}

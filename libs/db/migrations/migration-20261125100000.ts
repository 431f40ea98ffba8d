import { Migration } from '@mikro-orm/migrations';

/**
 * When a person is asked: a pause, quiet hours and a time zone of their own. A schedule that is off need not have lost
 * its pause: an earlier version of the code, which knows nothing of pauses, may have switched it off.
 */
export class Migration20261125100000 extends Migration {
  override up(): void {
    this.addSql(`
      alter table probe_settings
        add column paused_until timestamptz,
        add column pause_changed_at timestamptz,
        add column quiet_hours_from text,
        add column quiet_hours_to text,
        add column time_zone text,
        add constraint probe_settings_quiet_hours_both
          check ((quiet_hours_from is null) = (quiet_hours_to is null)),
        add constraint probe_settings_quiet_hours_differ check (quiet_hours_from <> quiet_hours_to),
        add constraint probe_settings_quiet_hours_from_form
          check (quiet_hours_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
        add constraint probe_settings_quiet_hours_to_form
          check (quiet_hours_to ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$')`);
  }

  override down(): void {
    this.addSql(`
      alter table probe_settings
        drop column time_zone,
        drop column quiet_hours_to,
        drop column quiet_hours_from,
        drop column pause_changed_at,
        drop column paused_until`);
  }
}

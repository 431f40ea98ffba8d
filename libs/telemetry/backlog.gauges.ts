import { Gauge, Registry } from 'prom-client';
import { MESSAGE_PRIORITIES, type Backlog } from '#libs/domain/backlog';
import { DELIVERY_STATUSES } from '#libs/domain/delivery';

/** Whether each part answers, by its name; PostgreSQL is judged by its backlog. */
export type Ups = Readonly<Record<string, boolean>>;

/**
 * The backlog in Prometheus' text format, and which parts answer; null when PostgreSQL did not tell, and then only that
 * is said of it: numbers that nobody knows must not look like zeros.
 */
export function renderBacklog(backlog: Backlog | null, ups: Ups): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, values: Record<string, number>, label?: string) => {
    const labelNames = label === undefined ? [] : [label];
    const each = new Gauge({ name, help, labelNames, registers: [registry] });
    for (const [key, value] of Object.entries(values))
      each.set(label === undefined ? {} : { [label]: key }, value);
  };
  const single = (name: string, help: string, value: number) => gauge(name, help, { value });
  const seconds = (ms: number) => ms / 1_000;

  const parts = Object.entries({ ...ups, postgres: backlog !== null }).map(([part, isUp]) => [
    part,
    isUp ? 1 : 0,
  ]);
  gauge('kronus_up', 'Whether a part is as it must be.', Object.fromEntries(parts), 'part');
  if (!backlog) return registry.metrics();
  const { messages, unsentMs, overdueCycles, owedSignals, unhandledTexts, readBackMs } = backlog;
  gauge(
    'kronus_messages',
    'Texts recorded in the last 24 hours, by what became of them.',
    Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, messages[status] ?? 0])),
    'status',
  );
  gauge(
    'kronus_oldest_unsent_message_seconds',
    'For how long the oldest text that is still wanted was not taken by the provider; 0 when there is none.',
    Object.fromEntries(MESSAGE_PRIORITIES.map((priority) => [priority, seconds(unsentMs[priority] ?? 0)])),
    'priority',
  );
  single(
    'kronus_overdue_cycles',
    'People whose next step fell due more than a minute ago and was not taken.',
    overdueCycles.count,
  );
  single(
    'kronus_oldest_overdue_cycle_seconds',
    'How long ago the most overdue step of a person fell due; 0 when none is overdue.',
    seconds(overdueCycles.oldestMs),
  );
  single('kronus_owed_signals', 'Signals that are still owed to workflows.', owedSignals.count);
  single(
    'kronus_oldest_owed_signal_seconds',
    'For how long the oldest owed signal was not delivered; 0 when none is owed.',
    seconds(owedSignals.oldestMs),
  );
  single(
    'kronus_unhandled_inbound_messages',
    'Texts that came in and were not applied.',
    unhandledTexts.count,
  );
  single(
    'kronus_oldest_unhandled_inbound_message_seconds',
    'For how long the oldest text that came in was not applied; 0 when there is none.',
    seconds(unhandledTexts.oldestMs),
  );
  single('kronus_escalations_open', 'Alarms that have not come to rest.', backlog.openEscalations);
  if (readBackMs !== null)
    single(
      'kronus_read_back_age_seconds',
      'How long ago texts were last read back from the provider.',
      seconds(readBackMs),
    );
  return registry.metrics();
}

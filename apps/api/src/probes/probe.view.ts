import type { EntityManager } from '@mikro-orm/postgresql';
import {
  PROBE_STATUS_IDS,
  type AlertView,
  type ProbeDetailView,
  type ProbeView,
} from '#libs/contract/probe.contract';
import type { Probe } from '#libs/db/entities/probe.entity';
import type { LoggedMessage } from '#libs/db/queries/message-log';
import type { DeliveryStatus } from '#libs/domain/delivery';
import type { ProbeStatus } from '#libs/domain/probe';
import { toTime, toTimeOrNull } from '../http/time.ts';
import { toMessageView } from '../messages/message.view.ts';

/** One alert of a probe, with what became of its message; times of raw rows arrive as text. */
export interface AlertRow {
  id: number;
  probe_id: number;
  contact_id: number | null;
  round: number;
  status: DeliveryStatus;
  accepted_at: string | null;
  acknowledged_at: string | null;
  created_at: string;
  updated_at: string;
}

/** The alerts of several probes in one query, oldest first, by probe. */
export async function loadAlerts(em: EntityManager, probes: Probe[]): Promise<Map<number, AlertRow[]>> {
  const alerting = probes.filter((probe) => probe.status === 'bad' || probe.status === 'unavailable');
  if (alerting.length === 0) return new Map();
  const rows = await em.execute<AlertRow[]>(
    `select e.id, e.probe_id, e.contact_id, e.round, m.status, m.accepted_at, e.acknowledged_at, e.created_at, e.updated_at
     from emergency_probes e join messages m on m.id = e.message_id
     where e.probe_id = any(?::int[]) order by e.id`,
    [`{${alerting.map((probe) => probe.id).join(',')}}`],
  );
  return Map.groupBy(rows, (row) => row.probe_id);
}

/** A probe with its alerts as the API shows it; `emergency_probe` is the latest alert. */
export function toProbeView(probe: Probe, alerts: AlertRow[] = []): ProbeView {
  const latest = alerts.at(-1);
  const status: ProbeStatus = probe.status;
  const statusId = PROBE_STATUS_IDS[status];
  return {
    id: probe.id,
    created_at: toTime(probe.createdAt),
    updated_at: toTime(probe.updatedAt),
    user_id: probe.userId,
    kind: probe.kind,
    probe_status_id: statusId,
    status: { id: statusId, name: status },
    reason: probe.reason ?? null,
    due_at: toTime(probe.dueAt),
    last_response: probe.lastResponse ?? null,
    retry_count: probe.retryCount,
    max_retries: probe.maxRetries,
    wait_time_in_minutes: probe.waitTimeInMinutes,
    ...(latest && {
      emergency_probe: {
        id: latest.id,
        contact_id: latest.contact_id,
        probe_id: latest.probe_id,
        created_at: iso(latest.created_at),
        updated_at: iso(latest.updated_at),
      },
    }),
    alerts: alerts.map(toAlertView),
  };
}

/** A probe with everything about it; what its texts say is for the person's own eyes (`isOwn`). */
export const toProbeDetailView = (
  probe: Probe,
  alerts: AlertRow[] | undefined,
  messages: LoggedMessage[],
  isOwn: boolean,
): ProbeDetailView => ({
  ...toProbeView(probe, alerts),
  decided_at: toTimeOrNull(probe.decidedAt),
  switched_off_at: toTimeOrNull(probe.switchedOffAt),
  all_clear_at: toTimeOrNull(probe.allClearAt),
  escalation_ended_at: toTimeOrNull(probe.escalationEndedAt),
  messages: messages.map((message) => toMessageView(message, isOwn)),
});

const toAlertView = (row: AlertRow): AlertView => ({
  id: row.id,
  contact_id: row.contact_id,
  round: row.round,
  delivery_status: row.status,
  created_at: iso(row.created_at),
  sent_at: row.accepted_at && iso(row.accepted_at),
  acknowledged_at: row.acknowledged_at && iso(row.acknowledged_at),
});

const iso = (time: string): string => new Date(time).toISOString();

import type { WorkflowClient } from '@temporalio/client';
import type { MikroORM } from '@mikro-orm/postgresql';
import { createBackupActivities } from '#activities/backup.activities';
import type { BackupMaker } from '#activities/backup-maker';
import { createDrillActivities } from '#activities/drill.activities';
import { createEscalationActivities } from '#activities/escalation.activities';
import { createHeartbeatActivities } from '#activities/heartbeat.activities';
import { createNoticeActivities } from '#activities/notices.activities';
import { createProbeActivities } from '#activities/probe.activities';
import { createReconcileActivities } from '#activities/reconcile.activities';
import { ReadBack } from '#activities/read-back';
import { createSendingPace } from '#activities/sending-pace';
import { TextSender } from '#activities/text-sender';
import type { Config } from '#libs/config/config';
import { DeliveryReports } from '#libs/db/queries/delivery-reports';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import type { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import type { Mailer } from '#libs/mail/mailer';
import type { Messenger } from '#libs/twilio/messenger';
import { DRILL_WORKFLOW } from '#workflows/drill/drill.contract';
import { ESCALATION_WORKFLOW } from '#workflows/escalation/escalation.contract';
import { NOTICES_WORKFLOW } from '#workflows/notices/notices.contract';
import { PROBE_WORKFLOW } from '#workflows/probe/probe.contract';
import { createSignalSender } from '#workflows/signals.client';

/** What a worker's activities work with. */
export interface ActivityDeps {
  config: Pick<Config, 'publicUrl' | 'timeZone' | 'minuteMs' | 'heartbeat'> & {
    twilio: Pick<Config['twilio'], 'messagesPerSecond'>;
  };
  orm: MikroORM;
  wakeups: Wakeups;
  messenger: Messenger;
  /** Null when no e-mails can be sent. */
  mailer: Mailer | null;
  client: WorkflowClient;
  clock: Clock;
  /** Null when backups are off. */
  backups: BackupMaker | null;
}

/** Binds every activity to the real parts, by the queue that it runs on. */
export function createActivities(deps: ActivityDeps) {
  const { config, orm, wakeups, messenger, mailer, client, clock, backups } = deps;
  const { timeZone, minuteMs, publicUrl } = config;
  const statusCallback = (uuid: string) => `${publicUrl}/webhook/sms/status/${uuid}`;
  const pace = createSendingPace(orm, config.twilio.messagesPerSecond);
  const sender = new TextSender(orm, messenger, clock, statusCallback, pace);
  const inbound = new InboundTexts({ orm, wakeups, clock, timeZone, minuteMs });
  const readBack = new ReadBack({ orm, messenger, inbound, sender, clock });
  const deliveryReports = new DeliveryReports({ orm, wakeups, clock, timeZone });
  const probe = createProbeActivities({ orm, sender, readBack, wakeups, clock, timeZone, minuteMs });
  const escalation = createEscalationActivities({ orm, sender, readBack, clock, minuteMs });
  const notices = createNoticeActivities({ orm, sender, mailer, wakeups, clock });
  const drill = createDrillActivities({ orm, sender, readBack, clock, minuteMs });
  const reconcile = createReconcileActivities({
    orm,
    wakeups,
    readBack,
    deliveryReports,
    send: createSignalSender(client),
    runningIds: (kind) => runningIds(client, kind),
  });
  const heartbeat = createHeartbeatActivities({ orm, clock, minuteMs, heartbeat: config.heartbeat });
  const backup = createBackupActivities(backups);
  return { ...probe, ...escalation, ...notices, ...drill, ...reconcile, ...heartbeat, ...backup };
}

const WORKFLOW_TYPES = {
  probe: PROBE_WORKFLOW,
  escalation: ESCALATION_WORKFLOW,
  notices: NOTICES_WORKFLOW,
  drill: DRILL_WORKFLOW,
} as const;

async function runningIds(client: WorkflowClient, kind: keyof typeof WORKFLOW_TYPES): Promise<Set<number>> {
  const ids = new Set<number>();
  const query = `WorkflowType = '${WORKFLOW_TYPES[kind]}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.list({ query, pageSize: 1_000 })) {
    ids.add(Number(workflowId.slice(workflowId.indexOf('/') + 1)));
  }
  return ids;
}

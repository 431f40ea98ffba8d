/**
 * Records histories of every way a workflow can go, for the replay specs: `npm run record-histories -- v2`. To be run
 * once for each released version; what was recorded before stays.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { findTemporal } from '#libs/embedded/temporal-binary';
import { BACKUP_DRILL_SCHEDULE } from '#workflows/backup-drill/backup-drill.contract';
import { backupWorkflowId } from '#workflows/backup/backup.contract';
import { drillWorkflowId } from '#workflows/drill/drill.contract';
import { escalationWorkflowId } from '#workflows/escalation/escalation.contract';
import { noticesWorkflowId } from '#workflows/notices/notices.contract';
import { probeWorkflowId } from '#workflows/probe/probe.contract';
import { RECONCILE_WORKFLOW } from '#workflows/reconcile/reconcile.contract';
import { Kronus, until } from './harness.ts';

const version = process.argv[2];
if (!version) throw new Error('name the version: npm run record-histories -- v1');

const kronus = await Kronus.start({
  env: { KRONUS_BACKUP_ENABLED: 'true', KRONUS_BACKUP_SCHEDULE: '0 0 1 1 *' },
});
const temporal = await findTemporal();

function record(folder: string, story: string, workflowId: string): void {
  const address = kronus.temporalAddress;
  const show = ['workflow', 'show', '--address', address, '--workflow-id', workflowId, '--output', 'json'];
  const history = execFileSync(temporal, show, { encoding: 'utf8' });
  const path = `workflows/${folder}/histories`;
  mkdirSync(path, { recursive: true });
  writeFileSync(`${path}/${version}-${story}.json`, history);
  console.log(`${path}/${version}-${story}.json`);
}

const good = await kronus.person({ settings: { active: true, cron_expression: '0 0 1 1 *' } });
await good.asksForCheck();
await good.phone.receives('okay');
await good.phone.receives('You good');
await good.phone.replies('yes');
await good.changesSettings({ cron_expression: '0 0 2 1 *' });
await kronus.minutesPass(3);
record('probe', 'follow-up-then-good', probeWorkflowId(good.account.id));

const silent = await kronus.person({
  contacts: ['Hulk', 'Thor'],
  settings: { escalation_wait_in_minutes: 5 },
});
await silent.asksForCheck({ max_retries: 0 });
await silent.contacts[0]!.receives('missed');
await silent.contacts[1]!.receives('missed');
await silent.contacts[1]!.replies('1');
await silent.contacts[0]!.receives('Thor is looking after');
await kronus.minutesPass(3);
const [probe] = await silent.probes();
record('notices', 'contacts-told', noticesWorkflowId(silent.account.id));
record('probe', 'silent', probeWorkflowId(silent.account.id));
record('escalation', 'second-contact-acknowledges', escalationWorkflowId(Number(probe!.id)));
await silent.phone.replies('yes');
await silent.contacts[0]!.receives('All clear');
await kronus.minutesPass(3);
record('escalation', 'all-clear-after-the-end', escalationWorkflowId(Number(probe!.id)));

const careful = await kronus.person({ contacts: ['Hulk', 'Thor'] });
const startDrill = (wait_time_in_minutes: number) =>
  careful.account.expects(201, 'POST', `${careful.path}/drills`, { wait_time_in_minutes });
const tried = await startDrill(5);
await careful.phone.receives('TEST');
await careful.phone.replies('y');
await careful.contacts[0]!.receives('TEST');
await careful.contacts[1]!.receives('TEST');
await careful.contacts[1]!.replies('1');
await careful.phone.receives('TEST: got it');
await careful.phone.receives('TEST over');
await kronus.minutesPass(3);
record('drill', 'one-contact-answers', drillWorkflowId(tried.id));
const superseded = await startDrill(10);
await careful.phone.receives('TEST');
await careful.asksForCheck();
await careful.phone.receives('okay');
await careful.phone.replies('yes');
await kronus.minutesPass(15);
record('drill', 'superseded', drillWorkflowId(superseded.id));
const cancelled = await startDrill(5);
await careful.phone.receives('👍');
await careful.phone.receives('TEST');
await kronus.minutesPass(1);
await careful.account.expects(200, 'DELETE', `${careful.path}/drills/${cancelled.id}`);
await kronus.minutesPass(3);
record('drill', 'cancelled', drillWorkflowId(cancelled.id));

const admin = await kronus.admin();
const { id: backupId } = await admin.expects(202, 'POST', '/v1/backups');
const backupStatus = async () => (await admin.expects(200, 'GET', `/v1/backups/${backupId}`)).status;
await until(async () => (await backupStatus()) === 'succeeded', 30_000, 'the backup');
await kronus.minutesPass(3);
record('backup', 'ordered', backupWorkflowId(backupId));

const connection = await Connection.connect({ address: kronus.temporalAddress });
const drills = new Client({ connection }).schedule.getHandle(BACKUP_DRILL_SCHEDULE);
await drills.trigger();
const lastDrill = async () => (await drills.describe()).info.recentActions.at(-1)?.action.workflow;
await until(async () => (await lastDrill()) !== undefined, 30_000, 'the drill of a backup');
const { workflowId: drillOfBackupId } = (await lastDrill())!;
await new Client({ connection }).workflow.getHandle(drillOfBackupId).result();
record('backup-drill', 'proven', drillOfBackupId);

const query = `WorkflowType = '${RECONCILE_WORKFLOW}' AND ExecutionStatus = 'Completed'`;
for await (const { workflowId } of new Client({ connection }).workflow.list({ query })) {
  record('reconcile', 'quiet', workflowId);
  break;
}
await connection.close();

await kronus.stop();

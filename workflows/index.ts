// The worker's only door: each export is a workflow type.
export { probe } from './probe/probe.workflow.ts';
export { escalation } from './escalation/escalation.workflow.ts';
export { drill } from './drill/drill.workflow.ts';
export { reconcile } from './reconcile/reconcile.workflow.ts';
export { notices } from './notices/notices.workflow.ts';
export { backup } from './backup/backup.workflow.ts';
export { backupDrill } from './backup-drill/backup-drill.workflow.ts';

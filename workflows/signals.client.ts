import type { WorkflowClient } from '@temporalio/client';
import type { SendSignal } from '#libs/db/queries/wakeups';
import { wakeDrill } from './drill/drill.client.ts';
import { wakeEscalation } from './escalation/escalation.client.ts';
import { wakeNotices } from './notices/notices.client.ts';
import { wakeProbe } from './probe/probe.client.ts';

/** How long one signal may take before it is left to the reconciler. */
const DEADLINE_MS = 5_000;

/** Delivers owed signals to the workflows they concern. Rejects when Temporal cannot be reached within 5 s. */
export function createSignalSender(client: WorkflowClient): SendSignal {
  const wake = { probe: wakeProbe, escalation: wakeEscalation, notices: wakeNotices, drill: wakeDrill };
  return (owed) => client.withDeadline(Date.now() + DEADLINE_MS, () => wake[owed.kind](client, owed));
}

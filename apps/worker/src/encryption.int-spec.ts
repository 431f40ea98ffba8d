import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { onBehalfOf } from '#libs/db/request-id';
import { keptInTemporal, type KeptExecution } from '#apps/e2e/kept-in-temporal';
import { phaseQuery, probeWorkflowId } from '#workflows/probe/probe.contract';
import { LiveWorker } from './live-worker.fixture.ts';

const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;

describe('a worker with encryption keys', () => {
  let worker: LiveWorker;
  let userId: number;
  let kept: KeptExecution[];
  beforeAll(async () => {
    worker = await LiveWorker.start({ TEMPORAL_ENCRYPTION_KEYS: `${key('2026', 1)},${key('2025', 2)}` });
    // Something is asked, waits and fails; and a request leaves its trace.
    const { user } = await worker.person({ tickMinutesAgo: -60 });
    const failing = await worker.person({ tickMinutesAgo: 0 });
    userId = user.id;
    await worker.phones.call('/control/faults', { kind: 'error', status: 503, on: 'any' });
    await onBehalfOf('request-4711', () =>
      worker.wakeups.record(worker.orm.em.fork(), { kind: 'probe', entityId: userId, signal: 'checkOnMe' }),
    );
    await worker.reconcile();
    await worker.reconcile();
    const isFailing = async () =>
      (await worker.client.workflow.getHandle(probeWorkflowId(failing.user.id)).describe()).raw
        .pendingActivities?.[0]?.lastFailure;
    while (!(await isFailing())) await new Promise((resolve) => setTimeout(resolve, 50));
    kept = await keptInTemporal(worker.client.workflowService);
  }, 900_000);
  afterAll(() => worker.close(), 60_000);

  it('leaves nothing to read but ids, names of types, and that it is encrypted', () => {
    const all = Buffer.concat(kept.map(({ bytes }) => bytes));
    expect(kept.map(({ workflowId }) => workflowId)).toContain(probeWorkflowId(userId));
    expect(all.includes('binary/encrypted')).toBe(true);
    expect(all.includes('encryption-key-id')).toBe(true);
    // Inputs, results, the memo and the signal's argument, failures.
    for (const readable of ['userId', 'checkId', 'delivered', 'request-4711', 'did not take', '.activities.'])
      expect([readable, all.includes(readable)]).toEqual([readable, false]);
  });

  it('says what it waits for to a client with its keys, and to nobody else', async () => {
    const ask = (client: typeof worker.client) =>
      client.workflow.getHandle(probeWorkflowId(userId)).query(phaseQuery);
    expect(await ask(worker.client)).toMatchObject({ do: 'ask', tick: { kind: 'scheduled' } });
    await expect(ask(worker.stranger)).rejects.toThrow(/binary\/encrypted/);
  });
});

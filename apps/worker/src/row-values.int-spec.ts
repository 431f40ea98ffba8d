import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { findPersonalData } from '#apps/e2e/personal-data.check';
import { keptInTemporal } from '#apps/e2e/kept-in-temporal';
import { probeWorkflowId } from '#workflows/probe/probe.contract';
import { LiveWorker } from './live-worker.fixture.ts';

let worker: LiveWorker;
beforeAll(async () => {
  worker = await LiveWorker.start();
}, 900_000);
afterAll(async () => {
  await worker.phones.expectNothingElseSent().finally(() => worker.close());
}, 60_000);

it('keeps rows out of Temporal when the database refuses one', async () => {
  await worker.orm.em
    .fork()
    .execute(`alter table messages add constraint no_questions check (kind <> 'check_in') not valid`);
  const { user } = await worker.person({ tickMinutesAgo: 0 });
  await worker.reconcile();
  const handle = worker.client.workflow.getHandle(probeWorkflowId(user.id));
  const lastFailure = async () => (await handle.describe()).raw.pendingActivities?.[0]?.lastFailure;
  let failure = await lastFailure();
  while (!failure) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    failure = await lastFailure();
  }
  expect(failure).toMatchObject({
    message: 'the database did not take it (23514, no_questions)',
    applicationFailureInfo: { type: 'CheckConstraintViolationException' },
  });

  // Its end stands in the history.
  await handle.terminate();
  const kept = await keptInTemporal(worker.client.workflowService);
  expect(kept.map(({ workflowId }) => workflowId)).toContain(probeWorkflowId(user.id));
  expect(
    findPersonalData(kept, {
      phoneNumbers: [user.phoneNumber!],
      names: ['Tony', 'Stark'],
      emails: [user.email],
      texts: ['are you okay'],
    }),
  ).toEqual([]);
  expect(kept.filter(({ bytes }) => bytes.includes('insert into'))).toEqual([]);
}, 60_000);

import { describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { PROBE_WORKFLOW, probeWorkflowId } from '#workflows/probe/probe.contract';
import { Kronus } from './harness.ts';

const FALLEN = 'I have fallen and my phone is out of reach';

// Every story ends with the same look, when its Kronus is stopped.
describe('what Temporal keeps', () => {
  it('names nobody, whatever happens to them', async () => {
    const kronus = await Kronus.start({ hasOwnPhones: true });
    const tony = await kronus.person({ contacts: ['Hulk', 'Thor'] });
    await kronus.phones.call('/control/faults', { kind: 'error', status: 503, count: 2 });
    await tony.asksForCheck({ wait_time_in_minutes: 60 });
    await tony.phone.receives('are you okay', { withinMs: 30_000 });
    await tony.phone.replies(FALLEN);
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there');
    await tony.contacts[0]!.receives("they're not okay");
    await tony.phone.receives('Reached out to Hulk');
    await tony.contacts[0]!.replies('1');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('is on it');
    await kronus.endStory();
    await kronus.stop();
  }, 120_000);

  it('is searched wherever a careless workflow could leave something', async () => {
    const kronus = await Kronus.start();
    const tony = await kronus.person();
    await tony.phone.replies(FALLEN);
    const connection = await Connection.connect({ address: kronus.temporalAddress });
    const workflowId = probeWorkflowId(99);
    const handle = await new Client({ connection }).workflow.start(PROBE_WORKFLOW, {
      workflowId,
      taskQueue: 'nobody',
      args: [{ userId: 99, phone: tony.phone.number }],
      memo: { of: 'Tony' },
    });
    await handle.signal('reply', FALLEN);
    await handle.terminate('asked for by tony.2@example.org');
    await connection.close();
    const findings = [
      `a phone number: ${tony.phone.number.slice(1)}`,
      'an e-mail address: tony.2@example.org',
      'a name: Tony',
      `a text: ${FALLEN}`,
    ];
    await expect(kronus.stop()).rejects.toThrow(
      findings.map((what) => `${workflowId} holds ${what}`).join('\n'),
    );
  }, 60_000);
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kronus, until } from './harness.ts';
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';
import { findPersonalData } from './personal-data.check.ts';

const CALLER = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };

describe('traces', () => {
  const collector = new OtlpReceiver();
  let kronus: Kronus;
  beforeEach(async () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = await collector.start();
    kronus = await Kronus.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_BSP_SCHEDULE_DELAY: '100' } });
  }, 90_000);
  afterEach(async () => {
    await kronus.endStory().finally(() => kronus.stop());
    collector.stop();
  }, 30_000);

  /** The span of that name in a trace, with those above it, the outermost first. */
  function pathTo(name: string, traceId: string): string[] {
    const inTrace = collector.spans.filter((span) => span.traceId === traceId);
    const path: ReceivedSpan[] = [];
    let span = inTrace.find((each) => each.name === name);
    for (; span; span = inTrace.find((each) => each.spanId === span!.parentSpanId)) path.unshift(span);
    return path.map((each) => each.name);
  }

  it('lead from a request to the text that it caused, and name nobody', async () => {
    const tony = await kronus.person();
    const { status } = await kronus.call('POST', `${tony.path}/probes?note=tony.stark@example.org`, {
      body: { in_minutes: 1, max_retries: 1, wait_time_in_minutes: 5 },
      token: tony.account.token,
      headers: {
        traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
        tracestate: 'vendor=tony',
        'X-Request-Id': 'request-4711',
      },
    });
    expect(status).toBe(201);
    await tony.phone.receives('are you okay');
    const sent = () => pathTo('activity askCheckIn', CALLER.traceId);
    await until(() => sent().length > 0, 10_000, 'the trace to reach the activity');
    expect(sent()).toEqual(['POST /v1/users/:uid/probes', 'signal probe', 'activity askCheckIn']);

    const ofRequest = collector.spans.filter(({ traceId }) => traceId === CALLER.traceId);
    expect(ofRequest.find(({ name }) => name.startsWith('POST'))).toMatchObject({
      parentSpanId: CALLER.spanId,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/users/:uid/probes',
        'http.response.status_code': '201',
        'kronus.request_id': 'request-4711',
      },
    });
    expect(ofRequest.find(({ name }) => name === 'signal probe')!.attributes).toMatchObject({
      'temporal.workflow.id': `probe/${tony.account.id}`,
      'temporal.signal': 'checkOnMe',
      'kronus.request_id': 'request-4711',
    });

    // The answer and its alarm are a story of their own.
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there');
    await tony.contacts[0]!.receives("they're not okay");
    await tony.phone.receives('Reached out to Hulk');
    const alert = () => collector.spans.find(({ name }) => name === 'activity alertContact');
    await until(() => !!alert(), 10_000, 'the trace of the alarm');
    expect(pathTo('activity alertContact', alert()!.traceId)).toEqual([
      'POST /webhook/sms',
      'signal escalation',
      'activity alertContact',
    ]);
    await tony.contacts[0]!.replies('1');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('is on it');

    await kronus.call('GET', '/v1/healthcheck');
    await until(
      () => !!pathTo('activity tellAcknowledged', tellingTrace()).length,
      10_000,
      'the last activity',
    );
    expect(collector.spans.filter(({ name }) => name.includes('health'))).toEqual([]);
    const messages = await kronus.phones.call<{ messages: { body: string }[] }>('/control/messages');
    expect(collector.bytes.includes('activity askCheckIn')).toBe(true);
    const everything = { workflowId: 'the traces', bytes: collector.bytes };
    expect(
      findPersonalData([everything], {
        phoneNumbers: [tony.phone.number, tony.contacts[0]!.number],
        names: ['Tony', 'Hulk', 'Stark', 'tony'],
        emails: ['example.org', 'note='],
        texts: messages.messages.map((each) => each.body),
      }),
    ).toEqual([]);
  }, 120_000);

  const tellingTrace = (): string =>
    collector.spans.find(({ name }) => name === 'activity tellAcknowledged')?.traceId ?? '';
});

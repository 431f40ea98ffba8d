import { describe, expect, it } from '@jest/globals';
import { freePort } from '#libs/embedded/ports';
import { Kronus, until } from './harness.ts';

describe('seen from outside', () => {
  it('a whole Kronus tells Prometheus what it does, on the port of the API and on one of its own', async () => {
    const port = await freePort();
    const kronus = await Kronus.start({ env: { KRONUS_WORKER_METRICS_PORT: String(port) } });
    const tony = await kronus.person();
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
    // The provider is looked at in the background, from the first question on.
    const parts = async () => (await kronus.call('GET', '/v1/healthcheck')).body.data.parts;
    await until(async () => (await parts()).provider.state === 'ok', 10_000, 'the provider to be looked at');
    const { status, body } = await kronus.call('GET', '/v1/healthcheck');
    expect([status, body.data.status, (await parts()).temporal.state]).toEqual([200, 'ok', 'ok']);
    const texts = [
      (await kronus.call('GET', '/metrics')).body as string,
      await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    ];
    for (const text of texts) {
      for (const line of [
        /^kronus_up\{part="postgres"\} 1$/m,
        /^kronus_up\{part="temporal"\} 1$/m,
        /^kronus_up\{part="provider"\} 1$/m,
        /^kronus_overdue_cycles 0$/m,
        /^kronus_escalations_open 0$/m,
        /^http_request_duration_seconds_count\{method="POST",route="\/webhook\/sms",status="200"\} 1$/m,
        // The contact's consent was asked, and then the person.
        /^temporal_activity_schedule_to_start_latency_seconds_count\{.*task_queue="kronus-sending".*\} 2$/m,
        /^temporal_workflow_task_schedule_to_start_latency_seconds_bucket\{.*task_queue="kronus".*le="\+Inf"\} \d+$/m,
      ])
        expect(text).toMatch(line);
      // Twice the same name would make Prometheus refuse all of it.
      const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      expect(names).toEqual([...new Set(names)]);
    }
    await kronus.endStory();
    await kronus.stop();
  }, 120_000);
});

describe('keys of encryption', () => {
  const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;

  it('may come and be replaced while somebody is looked after', async () => {
    // Long enough for a start to fall between two questions.
    const kronus = await Kronus.start({ minuteMs: 2_000 });
    const upgrade = (keys: string) => {
      kronus.env.TEMPORAL_ENCRYPTION_KEYS = keys;
      return kronus.upgrade();
    };
    const asleep = await kronus.person();
    await asleep.asksForCheck({ in_minutes: 30 });
    const alarmed = await kronus.person({
      contacts: ['Hulk', 'Thor'],
      settings: { escalation_wait_in_minutes: 60 },
    });
    await alarmed.asksForCheck();
    await alarmed.phone.receives('are you okay');

    await upgrade(key('2025', 1));
    await alarmed.phone.replies('no');
    await alarmed.phone.receives('Hang in there');
    await alarmed.contacts[0]!.receives("they're not okay", { withinMs: 30_000 });
    await alarmed.phone.receives('Reached out to Hulk');

    await upgrade(`${key('2026', 2)},${key('2025', 1)}`);
    await alarmed.contacts[0]!.replies('1');
    await alarmed.contacts[0]!.receives("you're on it");
    await alarmed.phone.receives('is on it', { withinMs: 30_000 });

    await asleep.phone.receives('are you okay', { withinMs: 90_000 });
    await asleep.phone.replies('yes');
    await asleep.phone.receives('👍');
    await kronus.endStory();
    await kronus.stop();
  }, 240_000);
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kronus, until } from './harness.ts';

// Long enough for a start to fall between two questions.
const MINUTE_MS = 2_000;

describe('what was begun is finished', () => {
  let kronus: Kronus;
  beforeEach(async () => {
    kronus = await Kronus.start({ minuteMs: MINUTE_MS });
  }, 90_000);
  afterEach(async () => {
    await kronus.endStory().finally(() => kronus.stop());
  }, 30_000);

  it('after a crash in the middle of a check', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 1 });
    await tony.phone.receives('are you okay');
    await kronus.crash();
    await kronus.restart();
    await tony.phone.receives('You good ??', { withinMs: 30_000 });
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
    expect(await tony.probes()).toMatchObject([{ status: { name: 'good' }, retry_count: 1 }]);
  }, 120_000);

  it('over an upgrade, whether a person sleeps, is asked or is looked after', async () => {
    const [sleeping, waiting, alarmed] = [
      await kronus.person(),
      await kronus.person(),
      await kronus.person({ contacts: ['Hulk', 'Thor'], settings: { escalation_wait_in_minutes: 60 } }),
    ];
    await sleeping.asksForCheck({ in_minutes: 8 });
    await waiting.asksForCheck({ max_retries: 1, wait_time_in_minutes: 8 });
    await alarmed.asksForCheck();
    await waiting.phone.receives('are you okay');
    await alarmed.phone.receives('are you okay');
    await alarmed.phone.replies('no');
    await alarmed.phone.receives('Hang in there');
    await alarmed.contacts[0]!.receives("they're not okay");
    await alarmed.phone.receives('Reached out to Hulk');
    await kronus.upgrade();

    await sleeping.phone.receives('are you okay', { withinMs: 60_000 });
    await sleeping.phone.replies('yes');
    await sleeping.phone.receives('👍');
    await waiting.phone.receives('You good ??', { withinMs: 60_000 });
    await waiting.phone.replies('yes');
    await waiting.phone.receives('👍');
    await alarmed.contacts[0]!.replies('1');
    await alarmed.contacts[0]!.receives("you're on it");
    await alarmed.phone.receives('is on it');
  }, 180_000);

  it('when Temporal has lost everything', async () => {
    const asked = await kronus.person();
    await asked.asksForCheck({ max_retries: 0, wait_time_in_minutes: 10 });
    await asked.phone.receives('are you okay');
    const waiting = await kronus.person();
    await waiting.asksForCheck({ in_minutes: 10 });
    await kronus.crash();
    rmSync(join(kronus.kept, 'temporal'), { recursive: true });
    await kronus.restart();

    await waiting.phone.receives('are you okay', { withinMs: 60_000 });
    await waiting.phone.replies('y');
    await waiting.phone.receives('👍');
    await asked.contacts[0]!.receives('missed their check-in', { withinMs: 60_000 });
    await asked.phone.receives('Reached out to Hulk');
    await asked.contacts[0]!.replies('1');
    await asked.contacts[0]!.receives("you're on it");
    await asked.phone.receives('is on it');
  }, 180_000);

  it('when an answer comes while Temporal is down', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 6, wait_time_in_minutes: 60 });
    await tony.phone.receives('are you okay');
    const killed = kronus.killServer('temporal');
    const { webhook } = await tony.phone.replies('no');
    expect(webhook!.durationMs).toBeLessThan(1_000);
    await tony.phone.receives('Hang in there');
    await killed;
    await tony.contacts[0]!.receives("they're not okay", { withinMs: 90_000 });
    await tony.phone.receives('Reached out to Hulk');
    await tony.contacts[0]!.replies('1');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('is on it');
  }, 120_000);

  it('when PostgreSQL dies under it', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 1, wait_time_in_minutes: 10 });
    await tony.phone.receives('are you okay');
    await kronus.killServer('postgres');
    await until(
      async () => (await kronus.call('GET', '/v1/healthcheck')).status === 200,
      30_000,
      'readiness',
    );
    await tony.phone.receives('You good ??', { withinMs: 60_000 });
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
  }, 120_000);
});

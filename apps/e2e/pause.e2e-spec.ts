import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kronus } from './harness.ts';

describe('a pause', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  it('by text ends the check that is pending, and lasts until the person resumes', async () => {
    const tony = await kronus.person({
      settings: { active: true, cron_expression: '0 18 1 1 *', time_zone: 'Asia/Tokyo' },
    });
    const settings = async () => (await tony.account.expects(200, 'GET', tony.path)).probe_settings;
    const before = await settings();
    await tony.asksForCheck({ max_retries: 1 });
    await tony.phone.receives('are you okay');
    await tony.phone.replies('pause 52w');
    await tony.phone.receives(
      /^The check that was waiting for you is off\. No scheduled check-ins until \w{3} \d+ \w{3}( \d{4})? \d\d:\d\d\./,
    );
    expect(await tony.probes()).toMatchObject([
      { status: { name: 'cancelled' }, reason: 'cancelled_by_user' },
    ]);
    // Longer than the wait, the follow-up and the wait after it.
    await kronus.minutesPass(14);
    await kronus.phones.expectNothingElseSent();
    const paused = await settings();
    expect(paused).toMatchObject({ active: true, paused_until: expect.any(String) });
    expect(Date.parse(paused.next_checks[0])).toBeGreaterThanOrEqual(Date.parse(paused.paused_until));

    // What the person asks for comes all the same.
    await tony.asksForCheck();
    await tony.phone.receives('you asked me to check on you');
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');

    await tony.phone.replies('resume');
    await tony.phone.receives(/^Your scheduled check-ins are on\. The next one comes \w{3} \d+ \w{3}/);
    expect(await settings()).toMatchObject({
      active: true,
      paused_until: null,
      next_tick_at: before.next_tick_at,
      next_checks: before.next_checks,
    });
  }, 60_000);
});

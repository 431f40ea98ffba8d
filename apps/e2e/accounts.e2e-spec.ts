import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kronus } from './harness.ts';

describe('an account', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  it('that an admin disables is not checked on any more, until it is enabled and its owner asks again', async () => {
    const tony = await kronus.person({ settings: { active: true, cron_expression: '0 18 1 1 *' } });
    await tony.asksForCheck({ max_retries: 2 });
    await tony.phone.receives('are you okay');

    const admin = await kronus.admin();
    const disabled = await admin.expects(200, 'PATCH', `${tony.path}/role`, { enabled: false });
    expect(disabled).toMatchObject({ enabled: false, probe_settings: { active: false } });
    const probes = await admin.expects(200, 'GET', `${tony.path}/probes`);
    expect(probes).toMatchObject([{ status: { name: 'cancelled' }, reason: 'cancelled_by_user' }]);
    expect((await tony.account.call('GET', '/v1/whoami')).status).toBe(401);
    // Nobody is asked whose account is off, by text either.
    await tony.phone.replies('probe -in 1');
    // Longer than both follow-ups and the waits after them.
    await kronus.minutesPass(14);
    await kronus.phones.expectNothingElseSent();

    await admin.expects(200, 'PATCH', `${tony.path}/role`, { enabled: true });
    await tony.phone.replies('probe -in 1');
    await tony.phone.receives('Checking on you in 1 min');
    await tony.phone.receives('are you okay');
    await tony.phone.replies('yes');
    await tony.phone.receives('👍');
  }, 60_000);

  it('that is deleted in the middle of a check is left alone', async () => {
    const tony = await kronus.person();
    await tony.asksForCheck({ max_retries: 2 });
    await tony.phone.receives('are you okay');
    await tony.account.expects(200, 'DELETE', tony.path);
    await kronus.minutesPass(14);
  }, 60_000);
});

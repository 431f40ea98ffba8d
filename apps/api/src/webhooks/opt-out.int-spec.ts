import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InboundMessage } from '#libs/db/entities/inbound-message.entity';
import { Message } from '#libs/db/entities/message.entity';
import { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import type { User } from '#libs/db/entities/user.entity';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { postReport, postText } from './twilio.fixture.ts';

describe('opting out of texts', () => {
  let api: TestApi;
  let tony: User;
  let token: string;
  let phone: string;
  beforeAll(async () => {
    api = await TestApi.start();
  }, 60_000);
  afterAll(() => api.stop());
  beforeEach(async () => {
    await api.clear();
    tony = await createUser(api.em());
    phone = tony.phoneNumber!;
    await createContact(api.em(), tony.id);
    token = await api.login(tony);
  });

  const probes = () => api.em().find(Probe, { userId: tony.id }, { orderBy: { id: 'asc' } });
  const settings = () => api.em().findOneOrFail(ProbeSettings, { userId: tony.id });
  const change = (body: object) =>
    api.call('PUT', `/v1/users/${tony.id}/probe_settings`, {
      token,
      body: { wait_time_in_minutes: 9, ...body },
    });
  const order = () => api.call('POST', `/v1/users/${tony.id}/probes`, { token });
  const raised = async () => (await api.delivered()).filter(({ signal }) => signal === 'raised');
  const ended = { status: 'unavailable', reason: 'opted_out' };

  it('ends a pending check with the alarm, once, and switches the schedule off', async () => {
    await change({ active: true });
    await createProbe(api.em(), tony.id);
    expect((await postText(api, phone, 'STOP')).text).toBe('<Response />');
    expect((await postText(api, phone, 'stop')).text).toBe('<Response />');
    expect(await probes()).toMatchObject([
      { ...ended, decidedAt: api.clock.now(), switchedOffAt: api.clock.now() },
    ]);
    expect(await settings()).toMatchObject({ active: false, nextTickAt: null });
    expect(await raised()).toHaveLength(1);
    expect(await api.em().find(InboundMessage, { probeId: { $ne: null } })).toMatchObject([
      { probeId: (await probes())[0]!.id, effect: 'opted_out' },
    ]);
  });

  it('between two checks opens one for the record, and raises the alarm of many stops at once only once', async () => {
    await change({ active: true });
    await Promise.all(['stop', 'STOPALL', 'Cancel', 'quit'].map((word) => postText(api, phone, word)));
    expect(await probes()).toMatchObject([{ ...ended, kind: 'scheduled', dueAt: api.clock.now() }]);
    expect(await api.em().count(Message)).toBe(0);
    expect(await settings()).toMatchObject({ active: false, optedOutAt: api.clock.now() });
    expect(await raised()).toHaveLength(1);
  });

  it('raises the alarm in a pause as well, after which nobody would be asked', async () => {
    await change({ active: true });
    const until = new Date(api.clock.now().getTime() + 24 * 60 * 60_000).toISOString();
    const pause = `/v1/users/${tony.id}/probe_settings/pause`;
    expect((await api.call('POST', pause, { token, body: { until } })).status).toBe(200);
    await postText(api, phone, 'STOP');
    expect(await probes()).toMatchObject([ended]);
    expect(await settings()).toMatchObject({ active: false, pausedUntil: null });
    expect(await raised()).toHaveLength(1);
  });

  it('calls off planned checks, and raises the alarm for them', async () => {
    await order();
    await order();
    await postText(api, phone, 'UNSUBSCRIBE');
    expect(await probes()).toMatchObject([{ ...ended, kind: 'one_off', switchedOffAt: null }]);
    expect(await api.em().count(OneOffCheck, { cancelledAt: null })).toBe(0);
    expect(await raised()).toHaveLength(1);
  });

  it('is only remembered of somebody whom nothing watches', async () => {
    await postText(api, phone, 'STOP');
    expect([await probes(), await api.delivered()]).toEqual([[], []]);
    expect((await settings()).optedOutAt).toEqual(api.clock.now());
  });

  it('keeps checks from being turned on or ordered, until START, which turns nothing on and answers nothing', async () => {
    await change({ active: true });
    await createProbe(api.em(), tony.id);
    await postText(api, phone, 'STOP');
    for (const answer of [await change({ active: true }), await order()]) {
      expect([answer.status, answer.body.error_codes]).toEqual([409, ['opted_out']]);
      expect(answer.body.errors?.[0]).toContain('text START');
    }
    expect((await change({})).body.data).toMatchObject({ active: false, reachability: 'opted_out' });

    expect((await postText(api, phone, 'START')).text).toBe('<Response />');
    expect((await change({})).body.data).toMatchObject({ active: false, reachability: 'ok' });
    expect(await probes()).toMatchObject([{ ...ended, allClearAt: null }]);
    expect((await change({ active: true })).status).toBe(200);
  });

  it('is taken back by a yes, which is the answer that it always is', async () => {
    await change({ active: true });
    await postText(api, phone, 'STOP');
    const { text } = await postText(api, phone, 'YES', { OptOutType: 'START' });
    expect(text).toContain("Glad you're okay");
    expect(await probes()).toMatchObject([{ ...ended, allClearAt: api.clock.now() }]);
    expect((await settings()).optedOutAt).toBeNull();
  });

  it('is believed of the provider, whatever the words are, also when it was cut off', async () => {
    await change({ active: true });
    const em = api.em();
    em.create(InboundMessage, {
      providerSid: 'SM-cut',
      fromNumber: phone,
      body: 'arrêt',
      optOutType: 'STOP',
      createdAt: new Date(api.clock.now().getTime() - 60_000),
    });
    await em.flush();
    expect(await api.app.get(InboundTexts).applyLeftovers(5_000)).toBe(1);
    expect(await probes()).toMatchObject([ended]);
  });

  it('ends with another phone number', async () => {
    await postText(api, phone, 'STOP');
    const view = () => api.call('GET', `/v1/users/${tony.id}`, { token });
    expect((await view()).body.data.probe_settings.reachability).toBe('opted_out');
    const put = (phone_number: string) =>
      api.call('PUT', `/v1/users/${tony.id}`, { token, body: { phone_number } });
    expect((await put(phone)).body.data.probe_settings.reachability).toBe('opted_out');
    expect((await put('+15557654321')).body.data.probe_settings.reachability).toBe('ok');
  });

  it('is nobody’s business when it comes from a stranger or from somebody who is only a contact', async () => {
    await change({ active: true });
    const contact = await createContact(api.em(), tony.id);
    await postText(api, contact.phoneNumber, 'STOP');
    await postText(api, '+15550009999', 'STOP');
    expect([await probes(), (await settings()).active]).toEqual([[], true]);
  });

  it('is learned from a text that was refused, as is a number that is broken until it answers', async () => {
    const refuse = async (code: string) => {
      const message = await createMessage(api.em(), await createProbe(api.em(), tony.id), 'accepted');
      await api.em().nativeUpdate(Message, { id: message.id }, { kind: 'follow_up' });
      await postReport(api, message.uuid, 'failed', { ErrorCode: code, MessageSid: `SM-${code}` });
      return (await change({})).body.data.reachability;
    };
    expect(await refuse('30005')).toBe('broken');
    expect((await change({ active: true })).status).toBe(200);
    await postText(api, phone, 'here I am');
    expect((await change({})).body.data.reachability).toBe('ok');
    expect(await refuse('21610')).toBe('opted_out');
    expect(await probes()).toMatchObject([{ reason: 'invalid_number' }, { reason: 'opted_out' }]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InboundMessage } from '#libs/db/entities/inbound-message.entity';
import { Message } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { User } from '#libs/db/entities/user.entity';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAlert, createMessage, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { postReport, postText } from './twilio.fixture.ts';

describe('the webhooks', () => {
  let api: TestApi;
  let tony: User;
  let sequence = 0;
  beforeAll(async () => {
    api = await TestApi.start();
  }, 60_000);
  afterAll(() => api.stop());
  beforeEach(async () => {
    await api.clear();
    await api.em().nativeDelete(InboundMessage, {});
    tony = await createUser(api.em());
  });

  const text = (from: string, body: string, sid = `SM${++sequence}`) =>
    postText(api, from, body, { MessageSid: sid });
  const probeOf = (user: User) => api.em().findOneOrFail(Probe, { userId: user.id });

  it('decides a pending probe by the first clear answer, once, and owes the workflows their signals', async () => {
    await createProbe(api.em(), tony.id);
    expect((await text(tony.phoneNumber!, 'what?')).text).toBe('<Response />');
    expect((await text(tony.phoneNumber!, 'No')).text).toContain('Hang in there!');
    expect((await text(tony.phoneNumber!, 'nope')).text).toBe('<Response />');
    expect(await probeOf(tony)).toMatchObject({ status: 'bad', reason: 'replied', lastResponse: 'No' });
    const signals = await api.delivered();
    expect(signals.map(({ kind, signal }) => `${kind} ${signal}`).sort()).toEqual([
      'escalation raised',
      'probe reply',
    ]);
  });

  it('answers a text that is delivered many times at once the same, and applies it once', async () => {
    await createProbe(api.em(), tony.id);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => text(tony.phoneNumber!, 'yes', 'SM-same')),
    );
    expect(new Set(answers.map((answer) => answer.text))).toEqual(
      new Set(['<Response><Message>👍</Message></Response>']),
    );
    expect(await api.em().count(InboundMessage)).toBe(1);
    expect(await api.delivered()).toHaveLength(1);
  });

  it('lets only one of two opposite answers decide', async () => {
    await createProbe(api.em(), tony.id);
    const answers = await Promise.all([text(tony.phoneNumber!, 'yes'), text(tony.phoneNumber!, 'no')]);
    const { status } = await probeOf(tony);
    const replies = answers.map((answer) => answer.text);
    if (status === 'good') expect(replies).toEqual([expect.stringContaining('👍'), '<Response />']);
    // A yes after the no is a late yes: the alarm was raised, and all is clear.
    else
      expect(replies).toEqual([
        expect.stringContaining("Glad you're okay"),
        expect.stringContaining('Hang in there'),
      ]);
  });

  it('takes an acknowledgement for the latest alert to that phone, and for nothing older than three days', async () => {
    const hulk = await createContact(api.em(), tony.id);
    const probe = await createProbe(api.em(), tony.id, 'bad');
    await api.em().nativeUpdate(Probe, { id: probe.id }, { decidedAt: api.clock.now() });
    await createAlert(api.em(), probe, hulk.id);
    expect((await text(hulk.phoneNumber, 'who is this')).text).toContain('Reply 1 if you can look after');
    expect((await text(hulk.phoneNumber, '1')).text).toContain("that you're on it");
    expect((await text(hulk.phoneNumber, '1')).text).toBe('<Response />');
    expect(await api.delivered()).toMatchObject([
      { kind: 'escalation', entityId: probe.id, signal: 'acknowledged' },
    ]);

    const old = await createProbe(api.em(), tony.id, 'bad');
    await api.em().nativeUpdate(Probe, { id: old.id }, { decidedAt: new Date('2026-11-18T11:59:00Z') });
    await createAlert(api.em(), old, hulk.id);
    expect((await text(hulk.phoneNumber, 'ok')).text).toBe('<Response />');
  });

  it('logs a bug without the text and its sender, whom the error of the database quotes', async () => {
    await api
      .em()
      .execute(`alter table inbound_messages add constraint bug check (body <> 'my secret plan')`);
    const answer = await text(tony.phoneNumber!, 'my secret plan');
    await api.em().execute(`alter table inbound_messages drop constraint bug`);
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('<Message>')]);
    expect(api.log).toContain('"context":"webhook"');
    expect(api.log).not.toContain('my secret plan');
    expect(api.log).not.toContain(tony.phoneNumber!);
  });

  it('says nothing to strangers, to disabled accounts and to the provider’s own words', async () => {
    await createProbe(api.em(), tony.id);
    const gone = await createUser(api.em(), { enabled: false });
    await createProbe(api.em(), gone.id);
    for (const [from, body] of [
      ['+15550000000', 'yes'],
      [gone.phoneNumber!, 'yes'],
      [tony.phoneNumber!, 'START'],
      ['', ''],
    ]) {
      expect((await text(from!, body!)).text).toBe('<Response />');
    }
    expect((await probeOf(tony)).status).toBe('pending');
  });

  it('refuses what Twilio did not sign, with an empty response', async () => {
    const form = { MessageSid: 'SM1', From: tony.phoneNumber!, Body: 'yes' };
    const body = new URLSearchParams(form).toString();
    const unsigned: Record<string, string>[] = [{}, { 'x-twilio-signature': 'AAAA' }];
    for (const headers of unsigned) {
      const answer = await api.call('POST', '/webhook/sms', { body, headers });
      expect([answer.status, answer.text]).toEqual([401, '<Response />']);
      expect(answer.headers['content-type']).toContain('text/xml');
    }
    expect(await api.em().count(InboundMessage)).toBe(0);
  });

  it.each(['', 'a=1&a=2', '%', 'Body=%00%ff', '{"From":"x"}', 'x'.repeat(5_000)])(
    'survives the form %p',
    async (body) => {
      const answer = await api.call('POST', '/webhook/sms', { body, headers: { 'x-twilio-signature': 'x' } });
      expect(answer.status).toBe(401);
    },
  );

  it('applies a text that was stored and then cut off', async () => {
    await createProbe(api.em(), tony.id);
    const em = api.em();
    em.create(InboundMessage, {
      providerSid: 'SM-cut',
      fromNumber: tony.phoneNumber!,
      body: 'yes',
      createdAt: new Date(api.clock.now().getTime() - 60_000),
    });
    await em.flush();
    expect(await api.app.get(InboundTexts).applyLeftovers(5_000)).toBe(1);
    expect(await api.app.get(InboundTexts).applyLeftovers(5_000)).toBe(0);
    expect((await probeOf(tony)).status).toBe('good');
  });

  describe('for delivery reports', () => {
    const report = (uuid: string, status: string, more: Record<string, string> = {}) =>
      postReport(api, uuid, status, more);
    const read = (id: number) => api.em().findOneOrFail(Message, { id });

    it('moves a status only forward, in whatever order reports come', async () => {
      const message = await createMessage(api.em(), await createProbe(api.em(), tony.id), 'sending');
      for (const status of ['sent', 'delivered', 'sent', 'queued', 'undelivered']) {
        expect((await report(message.uuid, status)).status).toBe(204);
      }
      expect(await read(message.id)).toMatchObject({ status: 'delivered', providerSid: 'SM-out' });
    });

    it('takes none about another message of the provider, an unknown one, or in unknown words', async () => {
      const message = await createMessage(api.em(), await createProbe(api.em(), tony.id), 'sending');
      await report(message.uuid, 'sent');
      const other = await createMessage(api.em(), await probeOf(tony), 'sending');
      expect((await report(other.uuid, 'delivered')).status).toBe(204);
      expect((await read(other.id)).status).toBe('sending');
      expect((await report(message.uuid, 'failed', { MessageSid: 'SM-other' })).status).toBe(204);
      expect((await report(message.uuid, 'teleported')).status).toBe(204);
      expect((await report('00000000-0000-4000-8000-000000000000', 'failed')).status).toBe(204);
      expect((await report('nonsense', 'failed')).status).toBe(404);
      expect((await read(message.id)).status).toBe('sent');
    });

    it('passes an alert that failed to the escalation', async () => {
      const probe = await createProbe(api.em(), tony.id, 'bad');
      const message = await createMessage(api.em(), probe, 'accepted');
      await report(message.uuid, 'undelivered', { ErrorCode: '30003' });
      expect(await read(message.id)).toMatchObject({ status: 'undelivered', errorCode: 30003 });
      expect(await api.delivered()).toMatchObject([
        { kind: 'escalation', entityId: probe.id, signal: 'delivery' },
      ]);
    });

    it('raises the alarm when a question can never arrive, and says why', async () => {
      for (const [code, reason] of [
        ['30006', 'invalid_number'],
        ['21610', 'opted_out'],
      ] as const) {
        const person = await createUser(api.em());
        const probe = await createProbe(api.em(), person.id);
        const message = await createMessage(api.em(), probe, 'accepted');
        await api.em().nativeUpdate(Message, { id: message.id }, { kind: 'check_in' });
        await report(message.uuid, 'failed', { ErrorCode: code, MessageSid: `SM-${code}` });
        expect(await probeOf(person)).toMatchObject({ status: 'unavailable', reason });
      }
    });

    it('goes on waiting when a phone is only out of reach for now', async () => {
      const message = await createMessage(api.em(), await createProbe(api.em(), tony.id), 'accepted');
      await api.em().nativeUpdate(Message, { id: message.id }, { kind: 'check_in' });
      await report(message.uuid, 'undelivered', { ErrorCode: '30003' });
      expect((await probeOf(tony)).status).toBe('pending');
    });
  });
});

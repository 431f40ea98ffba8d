import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Consent } from '#libs/db/entities/consent.entity';
import { Message } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import type { User } from '#libs/db/entities/user.entity';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { loadEscalation } from '#libs/db/queries/escalation';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createAlert, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';
import { SignedWebhooks } from './signed-webhooks.fixture.ts';

const HULK = '+16665550001';
const MINUTE_MS = 60_000;

describe('texts about being a contact', () => {
  let api: TestApi;
  let webhooks: SignedWebhooks;
  let tony: User;
  let pepper: User;
  beforeAll(async () => {
    api = await TestApi.start();
    webhooks = new SignedWebhooks(api);
  }, 60_000);
  afterAll(() => api.stop());
  beforeEach(async () => {
    await api.clear();
    await api.em().execute(`delete from inbound_messages`);
    api.clock.set(new Date('2026-11-21T12:00:00Z'));
    tony = await createUser(api.em(), { firstName: 'Tony' });
    pepper = await createUser(api.em(), { firstName: 'Pepper' });
  });

  const later = (minutes: number) => api.clock.set(new Date(api.clock.now().getTime() + minutes * MINUTE_MS));

  /** Makes the phone somebody's contact, who is told a minute later. */
  async function isToldBy(user: User, phoneNumber = HULK): Promise<number> {
    const token = await api.login(user);
    const { body } = await api.call('POST', `/v1/users/${user.id}/contacts`, {
      token,
      body: {
        first_name: 'Hulk',
        last_name: 'Banner',
        phone_number: phoneNumber,
        email: 'hulk@example.com',
        is_emergency_contact: true,
      },
    });
    later(1);
    await api.em().execute(
      `update messages set status = 'accepted', status_rank = 2, sending_at = ?, accepted_at = ?
       where status = 'queued' and kind = 'consent'`,
      [api.clock.now(), api.clock.now()],
    );
    later(1);
    return body.data.id;
  }

  async function alarm(user: User, contactId: number): Promise<Probe> {
    const probe = await createProbe(api.em(), user.id, 'bad');
    await api.em().nativeUpdate(Probe, { id: probe.id }, { decidedAt: api.clock.now() });
    const alert = await createAlert(api.em(), probe, contactId);
    await api.em().nativeUpdate(Message, { id: alert.messageId }, { acceptedAt: api.clock.now() });
    later(1);
    return probe;
  }

  const answerTo = async (user: User, phoneNumber = HULK) =>
    (await api.em().findOneOrFail(Consent, { userId: user.id, phoneNumber })).answer ?? null;

  it('concern the person whose question was the latest', async () => {
    await isToldBy(tony);
    await isToldBy(pepper);
    expect(await webhooks.text(HULK, 'No')).toContain("won't be texted about Pepper");
    expect([await answerTo(tony), await answerTo(pepper)]).toEqual([null, 'refused']);
    expect(await webhooks.text(HULK, 'no')).toBeNull();
    expect(await webhooks.text(HULK, 'no thanks')).toContain("won't be texted about Tony");
    expect(await webhooks.text(HULK, 'accept')).toContain('an emergency contact of');
  });

  it('are about an alert when that was the latest, and end the asking of this contact at once', async () => {
    const contactId = await isToldBy(tony);
    await isToldBy(pepper);
    const probe = await alarm(tony, contactId);
    expect(await webhooks.text(HULK, 'no')).toContain('Reply 1 if you can look after Tony');
    expect(await webhooks.text(HULK, 'no thanks')).toContain("won't be texted about Tony");
    expect([await answerTo(tony), await answerTo(pepper)]).toEqual(['refused', null]);
    expect(await api.delivered()).toContainEqual({
      kind: 'escalation',
      entityId: probe.id,
      signal: 'delivery',
    });
    const escalation = await loadEscalation(api.em(), probe.id, MINUTE_MS);
    expect(escalation).toMatchObject({
      contacts: [],
      alertedContactIds: [],
      state: { contactIds: [], alerts: [{ isFailed: true }] },
    });
    expect(await webhooks.text(HULK, 'who is this')).toBeNull();
  });

  it('do not get in the way of help: who takes an alarm on is willing, even after a refusal', async () => {
    const contactId = await isToldBy(tony);
    const probe = await alarm(tony, contactId);
    await webhooks.text(HULK, 'no thanks');
    expect(await webhooks.text(HULK, '1')).toContain("I'm telling Tony that you're on it");
    expect(await answerTo(tony)).toBe('accepted');
    expect(await loadEscalation(api.em(), probe.id, MINUTE_MS)).toMatchObject({
      acknowledgedBy: { id: contactId },
      state: { acknowledgement: 'untold', alerts: [{ isFailed: false }] },
    });
  });

  it('are never taken from a check that waits for its answer', async () => {
    await isToldBy(pepper, tony.phoneNumber!);
    const probe = await createProbe(api.em(), tony.id);
    await api.em().nativeUpdate(Probe, { id: probe.id }, { createdAt: api.clock.now(), lastAskedAt: null });
    expect(await webhooks.text(tony.phoneNumber!, 'no')).toContain('Hang in there');
    expect(await answerTo(pepper, tony.phoneNumber!)).toBeNull();
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({ status: 'bad' });
    expect(await webhooks.text(tony.phoneNumber!, 'yes')).toContain("Glad you're okay");
    expect(await answerTo(pepper, tony.phoneNumber!)).toBeNull();
  });

  it('are still understood while a check waits, where they could mean nothing else', async () => {
    await isToldBy(pepper, tony.phoneNumber!);
    const probe = await createProbe(api.em(), tony.id);
    expect(await webhooks.text(tony.phoneNumber!, 'no thanks')).toContain("won't be texted about Pepper");
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({ status: 'pending' });
  });

  it('may be a yes, which leaves a late no without effect once something else was asked', async () => {
    await isToldBy(pepper, tony.phoneNumber!);
    expect(await webhooks.text(tony.phoneNumber!, 'Yes')).toContain('an emergency contact of Pepper');
    const probe = await createProbe(api.em(), tony.id, 'unavailable');
    const now = api.clock.now();
    await api.em().nativeUpdate(Probe, { id: probe.id }, { createdAt: now, lastAskedAt: now });
    later(1);
    expect(await webhooks.text(tony.phoneNumber!, 'no')).toBeNull();
    expect(await answerTo(pepper, tony.phoneNumber!)).toBe('accepted');
  });

  it('are not about what was asked after they were sent', async () => {
    const sentAt = new Date(api.clock.now().getTime() - 60 * MINUTE_MS);
    await isToldBy(tony);
    await api.app.get(InboundTexts).receiveMissed({ sid: 'SM-missed', from: HULK, body: 'no', sentAt });
    expect(await answerTo(tony)).toBeNull();
    const replyId = await api.app
      .get(InboundTexts)
      .receiveMissed({ sid: 'SM-missed-2', from: HULK, body: 'no', sentAt: api.clock.now() });
    expect(await answerTo(tony)).toBe('refused');
    // Nobody waits on the line: the confirmation goes out as a text.
    expect(await api.em().findOneOrFail(Message, { id: replyId! })).toMatchObject({
      kind: 'reply',
      userId: tony.id,
      probeId: null,
      toNumber: HULK,
      body: expect.stringContaining("won't be texted about Tony"),
    });
  });

  it('are understood by those who were contacts before anybody was told', async () => {
    await createContact(api.em(), tony.id, { phoneNumber: HULK });
    expect(await webhooks.text(HULK, 'no')).toBeNull();
    expect(await webhooks.text(HULK, 'refuse')).toContain("won't be texted about Tony");
    expect(await answerTo(tony)).toBe('refused');
  });

  describe('by the provider’s words', () => {
    it('refuse everybody, and take it back, but not what was declined before', async () => {
      await isToldBy(tony);
      await isToldBy(pepper);
      await webhooks.text(HULK, 'no thanks');
      expect(await webhooks.text(HULK, 'STOP')).toBeNull();
      expect(await webhooks.text(HULK, 'stop')).toBeNull();
      expect(await api.em().find(Consent, {}, { orderBy: { userId: 'asc' } })).toMatchObject([
        { userId: tony.id, answer: 'refused', refusal: 'opted_out' },
        { userId: pepper.id, answer: 'refused', refusal: 'declined' },
      ]);
      expect(await api.em().count(Message, { kind: 'contact_refused' })).toBe(2);
      expect(await webhooks.text(HULK, 'Start')).toBeNull();
      expect([await answerTo(tony), await answerTo(pepper)]).toEqual([null, 'refused']);
      expect(await api.em().count(Message, { kind: 'consent' })).toBe(2);
    });

    it('do not take the place of being told', async () => {
      const { id } = await createContact(api.em(), tony.id, { phoneNumber: HULK, isEmergencyContact: false });
      await webhooks.text(HULK, 'STOP');
      expect(await answerTo(tony)).toBe('refused');
      await webhooks.text(HULK, 'START');
      await api.call('PUT', `/v1/users/${tony.id}/contacts/${id}`, {
        token: await api.login(tony),
        body: { is_emergency_contact: true },
      });
      expect(await api.em().find(Message, {})).toMatchObject([{ kind: 'consent', toNumber: HULK }]);
    });

    it('stay in force until one of them takes it back; a yes is one then', async () => {
      await isToldBy(tony);
      await webhooks.text(HULK, 'STOP');
      expect(await webhooks.text(HULK, 'accept')).toBeNull();
      expect(await answerTo(tony)).toBe('refused');
      await webhooks.text(HULK, 'yes');
      expect(await answerTo(tony)).toBeNull();
    });

    it('concern the watched person of that phone as well', async () => {
      await isToldBy(pepper, tony.phoneNumber!);
      const probe = await createProbe(api.em(), tony.id);
      await webhooks.text(tony.phoneNumber!, 'STOP');
      expect(await answerTo(pepper, tony.phoneNumber!)).toBe('refused');
      expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({
        status: 'unavailable',
        reason: 'opted_out',
      });
    });

    it('from two people who are contacts of each other, at once, raise both alarms', async () => {
      await isToldBy(pepper, tony.phoneNumber!);
      await isToldBy(tony, pepper.phoneNumber!);
      const probes = [await createProbe(api.em(), tony.id), await createProbe(api.em(), pepper.id)];
      await Promise.all([tony, pepper].map((each) => webhooks.text(each.phoneNumber!, 'STOP')));
      for (const { id } of probes) {
        expect(await api.em().findOneOrFail(Probe, id)).toMatchObject({ reason: 'opted_out' });
      }
      expect(await api.em().count(Consent, { refusal: 'opted_out' })).toBe(2);
    });

    it('in opposite order from two phones at once lose neither', async () => {
      for (const phone of [HULK, '+16665550009'])
        for (const user of [tony, pepper]) {
          await createContact(api.em(), user.id, { phoneNumber: phone });
        }
      await Promise.all([webhooks.text(HULK, 'STOP'), webhooks.text('+16665550009', 'STOP')]);
      expect(await api.em().count(Consent, { refusal: 'opted_out' })).toBe(4);
    });
  });
});

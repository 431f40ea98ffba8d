import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Consent } from '#libs/db/entities/consent.entity';
import { Contact } from '#libs/db/entities/contact.entity';
import { DrillAnswer } from '#libs/db/entities/drill-answer.entity';
import { Drill } from '#libs/db/entities/drill.entity';
import { Message } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import type { User } from '#libs/db/entities/user.entity';
import { DeliveryReports } from '#libs/db/queries/delivery-reports';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import type { ProbeStatus } from '#libs/domain/probe';
import { createContact } from '#libs/testing/factories/contact.factory';
import { createDrill, createDrillAnswer } from '#libs/testing/factories/drill.factory';
import { createAlert, createProbe } from '#libs/testing/factories/probe.factory';
import { createUser } from '#libs/testing/factories/user.factory';
import { TestApi } from '../api.fixture.ts';

let api: TestApi;
let sequence = 0;
beforeAll(async () => {
  api = await TestApi.start();
}, 60_000);
afterAll(() => api.stop());

let tony: User;
let hulk: Contact;
let drill: Drill;
beforeEach(async () => {
  await api.clear();
  api.clock.set(new Date('2026-11-21T12:00:00Z'));
  tony = await createUser(api.em(), { firstName: 'Tony' });
  hulk = await createContact(api.em(), tony.id);
  drill = await createDrill(api.em(), tony.id, api.clock.now());
});

const text = (from: string | null | undefined, body: string) =>
  api.app.get(InboundTexts).receive({ sid: `SM-drill-${++sequence}`, from: from!, body });
const missed = (from: string, body: string, sentAt: Date) =>
  api.app.get(InboundTexts).receiveMissed({ sid: `SM-drill-${++sequence}`, from, body, sentAt });
const readDrill = () => api.em().findOneOrFail(Drill, drill.id);
const readSettings = () => api.em().findOneOrFail(ProbeSettings, { userId: tony.id });
const finish = (status: 'finished' | 'cancelled') =>
  api.em().nativeUpdate(
    Drill,
    { id: drill.id },
    {
      status,
      endedAt: api.clock.now(),
      reason: status === 'cancelled' ? 'superseded' : null,
    },
  );
const later = (minutes: number) => api.clock.set(api.clock.now().getTime() + minutes * 60_000);
/** Dates the probes and alerts of the story: those of a factory are of the machine's own time. */
async function realAt(minutes: number): Promise<void> {
  for (const table of ['probes', 'emergency_probes']) {
    await api.em().execute(`update ${table} set created_at = ?`, [minutesAgo(-minutes)]);
  }
}
const minutesAgo = (minutes: number) => new Date(api.clock.now().getTime() - minutes * 60_000);
const answered = { kind: 'drill', signal: 'answered' };

async function probeOf(status: ProbeStatus): Promise<Probe> {
  const probe = await createProbe(api.em(), tony.id, status);
  if (status !== 'pending') {
    await api.em().nativeUpdate(Probe, { id: probe.id }, { decidedAt: api.clock.now() });
  }
  return probe;
}

/** Stores the text that told Hulk that he is a contact. */
async function tellOfConsent(sentAt: Date): Promise<void> {
  const em = api.em();
  const message = em.create(Message, {
    userId: tony.id,
    kind: 'consent',
    attemptKey: `test/consent/${++sequence}`,
    toNumber: hulk.phoneNumber,
    body: 'Hi',
    status: 'delivered',
    statusRank: 4,
    sendingAt: sentAt,
    acceptedAt: sentAt,
  });
  await em.flush();
  em.create(Consent, { userId: tony.id, phoneNumber: hulk.phoneNumber, messageId: message.id });
  await em.flush();
}

describe("a person's text during a drill", () => {
  it.each([
    ['yes', 'TEST: got it, thank you.'],
    ['no', 'TEST: got it. But a drill calls nobody to your help: if you really need some, call someone now.'],
    ['what is this?', 'TEST: got it, thank you.'],
  ])('answers it, whatever it says: %s', async (body, reply) => {
    expect(await text(tony.phoneNumber, body)).toBe(reply);
    expect(await readDrill()).toMatchObject({ status: 'running', personAnsweredAt: api.clock.now() });
    expect(await api.delivered()).toMatchObject([{ ...answered, entityId: drill.id }]);
    expect(await api.em().count(Probe)).toBe(0);
  });

  it('counts once', async () => {
    const replies = await Promise.all([text(tony.phoneNumber, 'y'), text(tony.phoneNumber, 'y')]);
    expect(replies.sort()).toEqual(['TEST: got it, thank you.', null]);
  });

  it('answers the real check whenever one is pending', async () => {
    const probe = await probeOf('pending');
    expect(await text(tony.phoneNumber, 'hm')).toBeNull();
    expect(await text(tony.phoneNumber, 'no')).toContain('Hang in there!');
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({ status: 'bad' });
    expect((await readDrill()).personAnsweredAt).toBeNull();
  });

  it('is no all-clear of an alarm from before, but is one afterwards', async () => {
    const probe = await probeOf('unavailable');
    expect(await text(tony.phoneNumber, 'yes')).toContain('TEST');
    expect(await text(tony.phoneNumber, 'yes')).toBeNull();
    expect((await api.em().findOneOrFail(Probe, probe.id)).allClearAt).toBeNull();
    await finish('finished');
    expect(await text(tony.phoneNumber, 'yes')).toContain("Glad you're okay!");
  });

  it('is about a later check, though that is decided, and never answered as a test then', async () => {
    await finish('finished');
    await probeOf('bad');
    await realAt(1);
    later(2);
    expect(await text(tony.phoneNumber, 'please hurry')).toBeNull();
    await realAt(-60);
    expect(await text(tony.phoneNumber, 'please hurry')).toContain('TEST');
  });

  it('may be a command, which is none', async () => {
    expect(await text(tony.phoneNumber, 'ping')).toBe('PONG!');
    expect((await readDrill()).personAnsweredAt).toBeNull();
  });

  it('may be STOP, which ends the drill when it raises an alarm', async () => {
    expect(await text(tony.phoneNumber, 'STOP')).toBeNull();
    expect(await readDrill()).toMatchObject({ status: 'running', personAnsweredAt: null });
    const isOn = { active: true, nextTickAt: api.clock.now() };
    await api.em().nativeUpdate(ProbeSettings, { userId: tony.id }, isOn);
    expect(await text(tony.phoneNumber, 'STOP')).toBeNull();
    expect(await readDrill()).toMatchObject({ status: 'cancelled', reason: 'superseded' });
  });

  it('shows that the phone works', async () => {
    const isBroken = { numberBrokenAt: api.clock.now() };
    await api.em().nativeUpdate(ProbeSettings, { userId: tony.id }, isBroken);
    await text(tony.phoneNumber, 'y');
    expect((await readSettings()).numberBrokenAt).toBeNull();
  });

  it('is taken late, within three days, and wakes nobody then', async () => {
    await finish('finished');
    later(60);
    expect(await text(tony.phoneNumber, 'y')).toBe('TEST: got it, thank you.');
    expect((await readDrill()).personAnsweredAt).toEqual(api.clock.now());
    expect(await api.delivered()).toEqual([]);
  });

  it('is not taken after a cancelled drill, nor for one from long ago', async () => {
    await finish('cancelled');
    expect(await text(tony.phoneNumber, 'y')).toBeNull();
    await finish('finished');
    later(3 * 24 * 60 + 1);
    expect(await text(tony.phoneNumber, 'y')).toBeNull();
    expect((await readDrill()).personAnsweredAt).toBeNull();
  });

  it('that was sent before it is no answer to it', async () => {
    await missed(tony.phoneNumber!, 'yes', minutesAgo(5));
    expect((await readDrill()).personAnsweredAt).toBeNull();
    await missed(tony.phoneNumber!, 'yes', api.clock.now());
    expect((await readDrill()).personAnsweredAt).toEqual(api.clock.now());
  });
});

describe("a contact's text during a drill", () => {
  const readAnswer = (id: number) => api.em().findOneOrFail(DrillAnswer, id);

  it('proves that the phone is reached, once', async () => {
    const question = await createDrillAnswer(api.em(), drill, hulk);
    expect(await text(hulk.phoneNumber, 'who?')).toBe('TEST: reply 1 to show that the drill reached you.');
    expect(await text(hulk.phoneNumber, '1')).toBe(
      "TEST: thank you! In a real alarm Tony would now hear that you're on it.",
    );
    expect(await text(hulk.phoneNumber, '1')).toBeNull();
    expect(await readAnswer(question.id)).toMatchObject({ answeredAt: api.clock.now() });
    expect(await api.em().findOneOrFail(Contact, hulk.id)).toMatchObject({ lastProvenAt: api.clock.now() });
    expect(await api.delivered()).toMatchObject([{ ...answered, entityId: drill.id }]);
  });

  it('counts once, however many come at once', async () => {
    await createDrillAnswer(api.em(), drill, hulk);
    const replies = await Promise.all([text(hulk.phoneNumber, '1'), text(hulk.phoneNumber, 'ok')]);
    expect(replies.filter((reply) => reply !== null)).toHaveLength(1);
  });

  it('is no answer to the consent text that came before, unless it says so', async () => {
    await tellOfConsent(minutesAgo(60));
    const question = await createDrillAnswer(api.em(), drill, hulk);
    const consent = () => api.em().findOneOrFail(Consent, { phoneNumber: hulk.phoneNumber });
    expect(await text(hulk.phoneNumber, 'no')).toBe('TEST: reply 1 to show that the drill reached you.');
    expect(await text(hulk.phoneNumber, '1')).toContain('TEST: thank you!');
    expect((await consent()).answer).toBeNull();
    await api.em().nativeUpdate(DrillAnswer, { id: question.id }, { answeredAt: null });
    expect(await text(hulk.phoneNumber, 'no thanks')).toContain("you won't be texted about Tony again");
    expect((await consent()).answer).toBe('refused');
    expect(await text(hulk.phoneNumber, '1')).toBeNull();
    expect((await readAnswer(question.id)).answeredAt).toBeNull();
  });

  it('answers the consent text when that came after the drill', async () => {
    const question = await createDrillAnswer(api.em(), drill, hulk);
    later(1);
    await tellOfConsent(api.clock.now());
    expect(await text(hulk.phoneNumber, '1')).toContain('You are an emergency contact of Tony');
    expect((await readAnswer(question.id)).answeredAt).toBeNull();
  });

  it('proves the chain together with the person’s, in either order, and changes no settings', async () => {
    const { updatedAt } = await readSettings();
    await createDrillAnswer(api.em(), drill, hulk);
    await text(hulk.phoneNumber, '1');
    expect((await readSettings()).lastProvenAt).toBeNull();
    later(1);
    await text(tony.phoneNumber, 'y');
    expect(await readSettings()).toMatchObject({ lastProvenAt: api.clock.now(), updatedAt });

    const thor = await createContact(api.em(), tony.id);
    await createDrillAnswer(api.em(), drill, thor);
    later(1);
    await text(thor.phoneNumber, '1');
    expect(await readSettings()).toMatchObject({ lastProvenAt: api.clock.now(), updatedAt });
  });

  it('takes on a real alarm whenever one is open, and only then answers the drill', async () => {
    const probe = await probeOf('bad');
    const alert = await createAlert(api.em(), probe, hulk.id);
    await realAt(-60);
    const question = await createDrillAnswer(api.em(), drill, hulk);
    expect(await text(hulk.phoneNumber, '1')).toContain("I'm telling Tony that you're on it");
    const [row] = await api
      .em()
      .execute(`select acknowledged_at from emergency_probes where id = ?`, [alert.id]);
    expect(row!.acknowledged_at).not.toBeNull();
    expect((await readAnswer(question.id)).answeredAt).toBeNull();
    expect(await text(hulk.phoneNumber, '1')).toContain('TEST: thank you!');
  });

  it('is about a later alarm, though somebody else took that on, and never answered as a test then', async () => {
    const question = await createDrillAnswer(api.em(), drill, hulk);
    await finish('finished');
    const probe = await probeOf('bad');
    await createAlert(api.em(), probe, hulk.id);
    await realAt(1);
    later(2);
    await api.em().execute(`update emergency_probes set acknowledged_at = ?`, [api.clock.now()]);
    expect(await text(hulk.phoneNumber, '1')).toBeNull();
    expect((await readAnswer(question.id)).answeredAt).toBeNull();
  });

  it('is never taken for an acknowledgement of an alarm', async () => {
    const probe = await probeOf('bad');
    await createDrillAnswer(api.em(), drill, hulk);
    await text(hulk.phoneNumber, '1');
    expect(await api.em().execute(`select 1 from emergency_probes`)).toEqual([]);
    expect((await api.em().findOneOrFail(Probe, probe.id)).escalationEndedAt).toBeNull();
    expect(await api.delivered()).toMatchObject([{ kind: 'drill' }]);
  });

  it('is the person’s own answer while a check of theirs is pending', async () => {
    const both = await createUser(api.em());
    const contact = await createContact(api.em(), tony.id, { phoneNumber: both.phoneNumber! });
    const question = await createDrillAnswer(api.em(), drill, contact);
    const probe = await createProbe(api.em(), both.id);
    expect(await text(both.phoneNumber, 'ok')).toBeNull();
    expect((await readAnswer(question.id)).answeredAt).toBeNull();
    expect(await text(both.phoneNumber, 'yes')).toBe('👍');
    expect(await api.em().findOneOrFail(Probe, probe.id)).toMatchObject({
      status: 'good',
      lastResponse: 'yes',
    });
    expect(await text(both.phoneNumber, 'ok')).toContain('TEST: thank you!');
  });

  it('is taken late, but not after a cancelled drill, and not from another phone than was asked', async () => {
    const question = await createDrillAnswer(api.em(), drill, hulk);
    await finish('cancelled');
    expect(await text(hulk.phoneNumber, '1')).toBeNull();
    await finish('finished');
    await api.em().nativeUpdate(Message, { id: question.messageId }, { toNumber: '+16669999999' });
    expect(await text(hulk.phoneNumber, '1')).toBeNull();
    await api.em().nativeUpdate(Message, { id: question.messageId }, { toNumber: hulk.phoneNumber });
    expect(await text(hulk.phoneNumber, '1')).toContain('TEST: thank you!');
    expect(await api.delivered()).toEqual([]);
  });

  it('is proof of that phone only: another number has to be proven anew', async () => {
    await createDrillAnswer(api.em(), drill, hulk);
    await text(hulk.phoneNumber, '1');
    const token = await api.login(tony);
    const change = (body: object) =>
      api.call('PUT', `/v1/users/${tony.id}/contacts/${hulk.id}`, { token, body });
    expect((await change({ first_name: 'bruce' })).body.data.last_proven_at).toBe(
      api.clock.now().toISOString(),
    );
    expect((await change({ phone_number: '+16661234567' })).body.data.last_proven_at).toBeNull();
  });
});

describe('a text of a drill that did not arrive', () => {
  const report = (uuid: string) =>
    api.app
      .get(DeliveryReports)
      .report({ uuid, sid: `SM-out-${++sequence}`, status: 'undelivered', errorCode: 30005 });

  it('passes to the next, and never raises an alarm', async () => {
    const question = await createDrillAnswer(api.em(), drill, hulk, 'accepted');
    const message = await api.em().findOneOrFail(Message, question.messageId);
    await report(message.uuid);
    expect(await api.em().findOneOrFail(Message, message.id)).toMatchObject({ errorCode: 30005 });
    expect(await api.delivered()).toEqual([{ kind: 'drill', entityId: drill.id, signal: 'delivery' }]);
  });

  it('wakes nobody after the drill', async () => {
    const question = await createDrillAnswer(api.em(), drill, hulk, 'accepted');
    await finish('finished');
    await report((await api.em().findOneOrFail(Message, question.messageId)).uuid);
    expect(await api.delivered()).toEqual([]);
  });
});

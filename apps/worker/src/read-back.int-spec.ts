import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InboundMessage } from '#libs/db/entities/inbound-message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { LiveWorker } from './live-worker.fixture.ts';

describe('texts that nobody could take', () => {
  let worker: LiveWorker;
  // Its phones reach no webhook: all that they send is read back.
  beforeAll(async () => {
    worker = await LiveWorker.start();
  }, 900_000);
  afterAll(async () => {
    await worker.phones.expectNothingElseSent().finally(() => worker.close());
  }, 60_000);

  /** Somebody who was asked, and then sent these texts, within a second. */
  async function asked(...texts: string[]) {
    const person = await worker.person({ tickMinutesAgo: 0 });
    await worker.reconcile();
    await person.phone.receives('are you okay');
    for (const text of texts) await person.phone.texts(text);
    await worker.reconcile();
    const em = worker.orm.em.fork();
    return {
      ...person,
      probe: await em.findOneOrFail(Probe, { userId: person.user.id }),
      settings: await em.findOneOrFail(ProbeSettings, { userId: person.user.id }),
    };
  }

  it('raise no alarm when a STOP was taken back, and the answer after it counts', async () => {
    const { probe, settings, phone, user } = await asked('STOP', 'START');
    expect([probe.status, settings.active, settings.optedOutAt]).toEqual(['pending', true, null]);
    await phone.texts('yes');
    await worker.reconcile();
    await phone.receives('👍');
    expect(await worker.orm.em.fork().findOneOrFail(Probe, { userId: user.id })).toMatchObject({
      status: 'good',
    });
  }, 60_000);

  it('raise no alarm when the webhook took the START that took a STOP back', async () => {
    const { phone, user } = await asked();
    await phone.texts('STOP');
    const { sid } = await phone.texts('START');
    const now = worker.clock.now();
    const em = worker.orm.em.fork();
    await em.execute(
      `insert into inbound_messages (provider_sid, from_number, body, created_at, handled_at, effect)
       values (?, ?, 'START', ?, ?, 'opted_in')`,
      [sid, phone.number, now, now],
    );
    await worker.reconcile();
    expect(await em.findOneOrFail(Probe, { userId: user.id })).toMatchObject({ status: 'pending' });
    const texts = { fromNumber: phone.number };
    expect(await em.find(InboundMessage, texts, { orderBy: { id: 'asc' } })).toMatchObject([
      { body: 'START', effect: 'opted_in' },
      { body: 'STOP', effect: null, handledAt: expect.any(Date) },
    ]);
  }, 60_000);

  it('are an answer when it took a STOP back', async () => {
    const { probe, settings, phone } = await asked('STOP', 'yes');
    expect([probe.status, probe.reason, settings.optedOutAt]).toEqual(['good', 'replied', null]);
    await phone.receives('👍');
  }, 60_000);

  it.each([[['STOP']], [['START', 'STOP']], [['STOP', 'START', 'stop']]])(
    'raise the alarm after %j',
    async (texts) => {
      const { probe, settings, contact } = await asked(...texts);
      expect([probe.status, probe.reason, settings.active]).toEqual(['unavailable', 'opted_out', false]);
      await worker.phones.phone(contact.phoneNumber).receives('opted out of Kronus texts');
    },
    60_000,
  );
});

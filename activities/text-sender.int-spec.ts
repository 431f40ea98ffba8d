import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { DEFAULT_CLIENT_ID } from '#libs/db/entities/client.entity';
import { Consent } from '#libs/db/entities/consent.entity';
import { Drill } from '#libs/db/entities/drill.entity';
import { Message, type MessageKind } from '#libs/db/entities/message.entity';
import { Probe } from '#libs/db/entities/probe.entity';
import { ROLES, User } from '#libs/db/entities/user.entity';
import { migrate } from '#libs/db/migrate';
import { ormConfig } from '#libs/db/orm.config';
import { systemClock, type Clock } from '#libs/domain/clock';
import { startPhones, type PhonesServer } from '#libs/embedded/phones';
import { freePort } from '#libs/embedded/ports';
import { createDrill, createDrillMessage } from '#libs/testing/factories/drill.factory';
import { Phones } from '#libs/testing/phone';
import { createTestDatabase } from '#libs/testing/test-servers';
import { createTwilioMessenger } from '#libs/twilio/twilio.messenger';
import { createSendingPace } from './sending-pace.ts';
import { TextSender } from './text-sender.ts';

const TWILIO = {
  accountSid: `AC${'2'.repeat(32)}`,
  authToken: 'secret',
  messagingServiceSid: `MG${'2'.repeat(32)}`,
};

describe('handing a text over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kronus-sender-'));
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let orm: MikroORM;
  let server: PhonesServer;
  let phones: Phones;
  let senderWith: (clock: Clock) => TextSender;
  let sender: TextSender;
  let probe: Probe;
  let sequence = 0;
  let number: string;

  beforeAll(async () => {
    database = await createTestDatabase('sender');
    orm = await MikroORM.init(ormConfig(database.url));
    await migrate(orm);
    server = await startPhones({
      port: await freePort(),
      webhookUrl: 'http://127.0.0.1:9',
      logFile: join(folder, 'phones.log'),
      ...TWILIO,
    });
    phones = new Phones(server.url);
    const messenger = createTwilioMessenger({ ...TWILIO, apiBaseUrl: server.url });
    const pace = createSendingPace(orm, null);
    senderWith = (clock) =>
      new TextSender(orm, messenger, clock, (uuid) => `http://127.0.0.1:9/${uuid}`, pace);
    sender = senderWith(systemClock);
  }, 60_000);

  afterAll(async () => {
    await server.stop();
    await orm.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  }, 30_000);

  beforeEach(async () => {
    await phones.mark();
    // A phone of its own for each story: what the last one received must not be taken for this one's.
    number = `+1555${2_000_000 + ++sequence}`;
    const em = orm.em.fork();
    await em.nativeDelete(User, {});
    const user = em.create(User, {
      clientId: DEFAULT_CLIENT_ID,
      email: 'tony@example.org',
      roleId: ROLES.user,
      phoneNumber: number,
    });
    await em.flush();
    probe = em.create(Probe, {
      userId: user.id,
      kind: 'scheduled',
      dueAt: new Date(),
      maxRetries: 3,
      waitTimeInMinutes: 60,
    });
    await em.flush();
  });

  async function message(kind: MessageKind = 'check_in', body = 'Are you okay?'): Promise<number> {
    const em = orm.em.fork();
    const { userId, id: probeId } = probe;
    const created = em.create(Message, {
      userId,
      probeId,
      kind,
      body,
      toNumber: number,
      attemptKey: `test/${++sequence}`,
    });
    await em.flush();
    return created.id;
  }

  const read = (id: number) => orm.em.fork().findOneOrFail(Message, { id });
  const order = (fault: object) => phones.call('/control/faults', { to: number, count: 1, ...fault });
  const failure = (attempt: Promise<unknown>) =>
    attempt.then(
      () => undefined,
      (error: { type: string; nextRetryDelay?: unknown }) => error,
    );
  const received = () => phones.phone(number).receives('Are you okay?');

  it('sends once, however often it is called', async () => {
    const id = await message();
    const first = await sender.handOver(id);
    expect(first).toEqual({ outcome: 'accepted', at: expect.any(Date) });
    expect(await sender.handOver(id)).toEqual(first);
    await received();
    await phones.expectNothingElseSent();
    expect(await read(id)).toMatchObject({
      status: 'accepted',
      providerSid: expect.stringMatching(/^SM/),
      attempts: 1,
    });
  });

  it('finds what was accepted before the connection broke, and does not send it again', async () => {
    const earlier = await message();
    await sender.handOver(earlier);
    await received();
    const id = await message();
    await order({ kind: 'drop' });
    expect(await failure(sender.handOver(id))).toMatchObject({
      type: 'SEND_RETRY',
      nextRetryDelay: expect.anything(),
    });
    expect(await read(id)).toMatchObject({ status: 'sending', providerSid: null });
    expect(await sender.handOver(id)).toMatchObject({ outcome: 'accepted' });
    await received();
    await phones.expectNothingElseSent();
    const sids = [(await read(earlier)).providerSid, (await read(id)).providerSid];
    expect(new Set(sids).size).toBe(2);
  });

  it('counts what it finds from when the provider took it, not from when it was found', async () => {
    const id = await message();
    await order({ kind: 'drop' });
    await failure(sender.handOver(id));
    const later = Date.now() + 60 * 60_000;
    const found = await senderWith({ now: () => new Date(later) }).handOver(id);
    await received();
    const { acceptedAt, sendingAt } = await read(id);
    expect(found).toEqual({ outcome: 'accepted', at: acceptedAt });
    expect(acceptedAt!.getTime()).toBeGreaterThanOrEqual(sendingAt!.getTime());
    expect(acceptedAt!.getTime()).toBeLessThan(sendingAt!.getTime() + 60_000);
  });

  it('sends again when the look shows that nothing went out', async () => {
    const id = await message();
    await order({ kind: 'error', status: 500 });
    expect(await failure(sender.handOver(id))).toMatchObject({ type: 'SEND_RETRY' });
    await phones.expectNothingElseSent();
    expect(await sender.handOver(id)).toMatchObject({ outcome: 'accepted' });
    await received();
    expect(await read(id)).toMatchObject({ attempts: 2 });
  });

  it('waits as long as the provider asks for', async () => {
    const id = await message();
    await order({ kind: 'error', status: 429, code: 20429, retryAfter: 7 });
    expect(await failure(sender.handOver(id))).toMatchObject({
      type: 'SEND_RETRY',
      nextRetryDelay: 7_000,
    });
    expect(await read(id)).toMatchObject({ status: 'queued', errorCode: 20429 });
    await sender.handOver(id);
    await received();
  });

  it('gives up on a number that is broken or has opted out, and says which', async () => {
    for (const code of [21211, 21610]) {
      const id = await message();
      await order({ kind: 'error', status: 400, code });
      expect(await sender.handOver(id)).toEqual({ outcome: 'failed', errorCode: code });
      expect(await sender.handOver(id)).toEqual({ outcome: 'failed', errorCode: code });
    }
    await phones.expectNothingElseSent();
  });

  it('keeps trying when the fault is the operator’s', async () => {
    const id = await message();
    await order({ kind: 'error', status: 401, code: 20003 });
    expect(await failure(sender.handOver(id))).toMatchObject({ type: 'SEND_OPERATOR' });
    expect(await sender.handOver(id)).toMatchObject({ outcome: 'accepted' });
    await received();
  });

  it('withdraws a question whose probe was decided, but still looks whether it went out', async () => {
    const cutOff = await message();
    await order({ kind: 'drop' });
    await failure(sender.handOver(cutOff));
    const waiting = await message();
    const em = orm.em.fork();
    await em.nativeUpdate(
      Probe,
      { id: probe.id },
      { status: 'good', reason: 'replied', decidedAt: new Date() },
    );
    expect(await sender.handOver(waiting)).toEqual({ outcome: 'withdrawn' });
    expect(await sender.handOver(cutOff)).toMatchObject({ outcome: 'accepted' });
    await received();
    await phones.expectNothingElseSent();
    expect(await read(waiting)).toMatchObject({ status: 'canceled' });
  });

  it.each(['alert', 'acknowledged', 'all_clear'] as const)(
    'withdraws what is for a contact who refused meanwhile: %s',
    async (kind) => {
      const em = orm.em.fork();
      const contactNumber = `+1666${2_000_000 + ++sequence}`;
      const id = await message(kind);
      await em.nativeUpdate(Message, { id }, { toNumber: contactNumber });
      em.create(Consent, {
        userId: probe.userId,
        phoneNumber: contactNumber,
        answer: 'refused',
        refusal: 'declined',
        answeredAt: new Date(),
      });
      await em.flush();
      expect(await sender.handOver(id)).toEqual({ outcome: 'withdrawn' });
      expect(await read(id)).toMatchObject({ status: 'canceled' });
      await phones.expectNothingElseSent();
    },
  );

  it('still tells the person what they want to know, although they refused to be a contact of their own', async () => {
    const em = orm.em.fork();
    const refusal = { answer: 'refused', refusal: 'declined', answeredAt: new Date() } as const;
    em.create(Consent, { userId: probe.userId, phoneNumber: number, ...refusal });
    await em.flush();
    expect(await sender.handOver(await message('acknowledged'))).toMatchObject({ outcome: 'accepted' });
    await received();
  });

  it('withdraws a consent text when there is no such contact any more', async () => {
    const id = await message('consent');
    await orm.em.fork().nativeUpdate(Message, { id }, { probeId: null });
    expect(await sender.handOver(id)).toEqual({ outcome: 'withdrawn' });
    await phones.expectNothingElseSent();
  });

  it('withdraws a text of a drill that does not run any more, and needs no probe for it', async () => {
    const now = new Date();
    const drill = await createDrill(orm.em.fork(), probe.userId, now);
    const question = { kind: 'drill_question', toNumber: number, status: 'queued' } as const;
    const first = await createDrillMessage(orm.em.fork(), drill, question);
    expect(await sender.handOver(first.id)).toMatchObject({ outcome: 'accepted' });
    await phones.phone(number).receives('TEST');
    const second = await createDrillMessage(orm.em.fork(), drill, question);
    const end = { status: 'cancelled', reason: 'superseded', endedAt: now } as const;
    await orm.em.fork().nativeUpdate(Drill, { id: drill.id }, end);
    expect(await sender.handOver(second.id)).toEqual({ outcome: 'withdrawn' });
    expect(await read(second.id)).toMatchObject({ status: 'canceled' });
    await phones.expectNothingElseSent();
  });

  it('withdraws the question of a drill to a contact who refused meanwhile', async () => {
    const em = orm.em.fork();
    const drill = await createDrill(em, probe.userId, new Date());
    const { id } = await createDrillMessage(em, drill, {
      kind: 'drill_alert',
      toNumber: number,
      status: 'queued',
    });
    const refusal = { answer: 'refused', refusal: 'declined', answeredAt: new Date() } as const;
    em.create(Consent, { userId: probe.userId, phoneNumber: number, ...refusal });
    await em.flush();
    expect(await sender.handOver(id)).toEqual({ outcome: 'withdrawn' });
    await phones.expectNothingElseSent();
  });

  it('has nothing to do for a message that went with its person', async () => {
    const id = await message();
    await orm.em.fork().nativeDelete(User, {});
    expect(await sender.handOver(id)).toEqual({ outcome: 'withdrawn' });
    await phones.expectNothingElseSent();
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TimeMachine, type PersonOptions } from '#apps/worker/src/time-machine.fixture';
import { Contact } from '#libs/db/entities/contact.entity';
import { DrillAnswer } from '#libs/db/entities/drill-answer.entity';
import { Drill } from '#libs/db/entities/drill.entity';
import { Message } from '#libs/db/entities/message.entity';
import { ProbeSettings } from '#libs/db/entities/probe-settings.entity';
import { InboundTexts } from '#libs/db/queries/inbound-texts';
import { TestClock } from '#libs/testing/clock';
import type { Phone } from '#libs/testing/phone';
import { drillPhaseQuery, drillWorkflowId } from './drill.contract.ts';

const MINUTE = 60_000;

describe('the workflow of a drill', () => {
  let world: TimeMachine;
  let sequence = 0;
  beforeAll(async () => {
    world = await TimeMachine.start();
  }, 60_000);
  afterAll(() => world.close(), 30_000);
  afterEach(() => world.endStory());

  /** A person with two contacts, who is watched as `options` say. */
  const watched = (options: PersonOptions = {}) => world.person({ contacts: ['Hulk', 'Thor'], ...options });

  /** The same with the schedule off. */
  async function person(options: PersonOptions = {}) {
    const person = await watched(options);
    await world.stopWatching(person.id);
    return person;
  }

  /** Starts a drill as the API does, with waits of ten minutes; answers its id once the person was asked. */
  async function startDrill({ id: userId, phone }: { id: number; phone: Phone }): Promise<number> {
    const em = world.orm.em.fork();
    const drill = em.create(Drill, { userId, waitTimeInMinutes: 10, startedAt: await world.now() });
    await em.flush();
    await wake(drill.id, 'started');
    await phone.receives('TEST, Tony: you started a drill, nobody is worried.');
    return drill.id;
  }

  async function wake(entityId: number, signal: 'started' | 'cancel'): Promise<void> {
    await world.wakeups.record(world.orm.em.fork(), { kind: 'drill', entityId, signal });
    await world.wakeups.deliverAll();
  }

  /** Takes in a text as the webhook does; answers the reply. */
  async function texts(phone: Phone, body: string): Promise<string | null> {
    const { orm, wakeups, timeZone } = world;
    const clock = new TestClock(await world.now());
    const inbound = new InboundTexts({ orm, wakeups, clock, timeZone, minuteMs: 60_000 });
    const reply = await inbound.receive({ sid: `SM-drill-${++sequence}`, from: phone.number, body });
    await wakeups.drain();
    return reply;
  }

  const workflow = (drillId: number) => world.env.client.workflow.getHandle(drillWorkflowId(drillId));
  /** Waits for the workflow without letting time pass. */
  async function ended(drillId: number): Promise<void> {
    while ((await workflow(drillId).describe()).status.name !== 'COMPLETED')
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
  /** Waits until the workflow waits. */
  async function waits(drillId: number): Promise<void> {
    while ((await workflow(drillId).query(drillPhaseQuery)).do !== 'wait')
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const settingsOf = (userId: number) => world.orm.em.fork().findOneOrFail(ProbeSettings, { userId });
  const read = (drillId: number) => world.orm.em.fork().findOneOrFail(Drill, { id: drillId });
  const answers = (drillId: number) =>
    world.orm.em.fork().find(DrillAnswer, { drillId }, { orderBy: { id: 'asc' } });

  // First, while the server's time is still the phones' own.
  it('reads answers back that never came in, before it says that somebody was silent', async () => {
    const tony = await person({ contacts: ['Hulk'] });
    const drillId = await startDrill(tony);
    await texts(tony.phone, 'y');
    await tony.contacts[0]!.receives('TEST, Hulk');
    await waits(drillId);
    await tony.contacts[0]!.texts('1');
    await world.env.sleep('11 minutes');
    await tony.phone.receives('TEST over, Tony: Hulk answered.');
  }, 60_000);

  it('goes through the chain as fast as everybody answers', async () => {
    const tony = await person();
    const { phone, contacts } = tony;
    const drillId = await startDrill(tony);
    expect(await texts(phone, 'y')).toContain('TEST: got it');
    await contacts[0]!.receives('TEST, Hulk: Tony tries out whether an alarm would reach you.');
    expect(await texts(contacts[0]!, '1')).toContain('TEST: thank you!');
    await contacts[1]!.receives('TEST, Thor: Tony tries out');
    expect(await texts(contacts[1]!, 'ok')).toContain('TEST: thank you!');
    await phone.receives('TEST over, Tony: Hulk and Thor answered. Your settings are unchanged.');
    await ended(drillId);
    const { status, startedAt, endedAt } = await read(drillId);
    expect(status).toBe('finished');
    expect(endedAt!.getTime() - startedAt.getTime()).toBeLessThan(MINUTE);
    await world.env.sleep('3 days');
  }, 60_000);

  it('gives everybody the wait, asks each once, and tells who was silent', async () => {
    const tony = await person();
    const { phone, contacts } = tony;
    const drillId = await startDrill(tony);
    await world.env.sleep('9 minutes');
    await world.phones.expectNothingElseSent();
    await world.env.sleep('2 minutes');
    await contacts[0]!.receives('TEST, Hulk');
    await world.env.sleep('9 minutes');
    await world.phones.expectNothingElseSent();
    await world.env.sleep('2 minutes');
    await contacts[1]!.receives('TEST, Thor');
    expect(await texts(contacts[1]!, '1')).toContain('TEST: thank you!');
    await phone.receives('TEST over, Tony: Thor answered, Hulk did not.');
    await ended(drillId);
    expect(await read(drillId)).toMatchObject({ status: 'finished', personAnsweredAt: null });
    expect(await answers(drillId)).toMatchObject([{ answeredAt: null }, { answeredAt: expect.any(Date) }]);
    await world.env.sleep('3 days');
  }, 60_000);

  it('goes on at once when a phone cannot be reached', async () => {
    const tony = await person();
    const broken = { kind: 'error', status: 400, code: 21211, to: tony.contacts[0]!.number };
    await world.phones.call('/control/faults', broken);
    const drillId = await startDrill(tony);
    await texts(tony.phone, 'y');
    await tony.contacts[1]!.receives('TEST, Thor');
    await texts(tony.contacts[1]!, '1');
    await tony.phone.receives('TEST over, Tony: Thor answered, Hulk did not.');
    await ended(drillId);
  }, 60_000);

  it('finishes a question that could not be sent at first, although its contact is flagged no more', async () => {
    const tony = await person();
    const [hulk, thor] = tony.contacts;
    await world.phones.call('/control/faults', { kind: 'error', status: 429, to: hulk!.number, count: 1 });
    const drillId = await startDrill(tony);
    await texts(tony.phone, 'y');
    const em = world.orm.em.fork();
    const isRefused = { drillId, toNumber: hulk!.number, lastError: { $ne: null } };
    while ((await em.count(Message, isRefused)) === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await em.nativeUpdate(Contact, { phoneNumber: hulk!.number }, { isEmergencyContact: false });
    await world.env.sleep('1 minute');
    await hulk!.receives('TEST, Hulk');
    await texts(hulk!, '1');
    await thor!.receives('TEST, Thor');
    await texts(thor!, '1');
    await tony.phone.receives('TEST over, Tony: Hulk and Thor answered.');
    await ended(drillId);
  }, 60_000);

  it('gives way to a real check that falls due, and asks nobody any more', async () => {
    const tony = await watched();
    const { nextTickAt } = await settingsOf(tony.id);
    await world.travelTo(new Date(nextTickAt!.getTime() - 5 * MINUTE));
    const drillId = await startDrill(tony);
    expect(await settingsOf(tony.id)).toMatchObject({ active: true, nextTickAt });
    await world.travelPastTick(tony.id);
    await tony.phone.receives('just your friendly check-in');
    expect(await read(drillId)).toMatchObject({ status: 'cancelled', reason: 'superseded' });
    expect(await texts(tony.phone, 'yes')).toBe('👍');
    expect(await read(drillId)).toMatchObject({ personAnsweredAt: null });
    // It is not woken for this: it finds out at the end of its wait.
    await world.env.sleep('10 minutes');
    await ended(drillId);
  }, 60_000);

  it('gives way in the middle of the contacts, whose answer changes nothing then', async () => {
    const tony = await watched({ maxRetries: 0, waitTimeInMinutes: 30 });
    const { nextTickAt } = await settingsOf(tony.id);
    await world.travelTo(new Date(nextTickAt!.getTime() - 5 * MINUTE));
    const drillId = await startDrill(tony);
    await texts(tony.phone, 'y');
    await tony.contacts[0]!.receives('TEST, Hulk');
    await world.travelPastTick(tony.id);
    await tony.phone.receives('just your friendly check-in');
    expect(await texts(tony.contacts[0]!, '1')).toBeNull();
    await world.env.sleep('29 minutes');
    await world.phones.expectNothingElseSent();
    await world.env.sleep('2 minutes');
    await tony.contacts[0]!.receives('Hulk: Tony missed their check-in');
    await tony.phone.receives('Reached out to Hulk');
    expect(await texts(tony.contacts[0]!, '1')).toContain("I'm telling Tony that you're on it");
    await tony.phone.receives('Hulk got the message');
    expect(await answers(drillId)).toMatchObject([{ answeredAt: null }]);
    await ended(drillId);
  }, 60_000);

  it('ends when it is cancelled', async () => {
    const drillId = await startDrill(await person());
    const cancelled = { status: 'cancelled', reason: 'cancelled_by_user', endedAt: new Date() } as const;
    await world.orm.em.fork().nativeUpdate(Drill, { id: drillId }, cancelled);
    await wake(drillId, 'cancel');
    await ended(drillId);
    await world.env.sleep('3 days');
  }, 60_000);

  it('goes on from the record when its workflow was lost', async () => {
    const tony = await person({ contacts: ['Hulk'] });
    const { phone, contacts } = tony;
    const drillId = await startDrill(tony);
    await texts(phone, 'y');
    await contacts[0]!.receives('TEST, Hulk');
    await waits(drillId);
    await workflow(drillId).terminate();
    await wake(drillId, 'started');
    await texts(contacts[0]!, '1');
    await phone.receives('TEST over, Tony: Hulk answered.');
    await world.env.sleep('3 days');
  }, 60_000);
});

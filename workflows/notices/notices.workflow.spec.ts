import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@temporalio/client';
import { TimeMachine } from '#apps/worker/src/time-machine.fixture';
import { Contact } from '#libs/db/entities/contact.entity';
import { Message } from '#libs/db/entities/message.entity';
import { probeWorkflowId } from '#workflows/probe/probe.contract';
import { noticesWorkflowId } from './notices.contract.ts';

describe('the workflow of notices', () => {
  let world: TimeMachine;
  beforeAll(async () => {
    world = await TimeMachine.start();
  }, 60_000);
  afterAll(() => world.close(), 30_000);
  afterEach(() => world.endStory());

  let people = 0;
  const newNumber = () => `+1777555${String(1_000 + ++people)}`;
  const fault = (order: object) => world.phones.call('/control/faults', order);
  // By a client that lets no time pass while it waits.
  const ended = (userId: number) =>
    new Client({ connection: world.env.connection }).workflow.getHandle(noticesWorkflowId(userId)).result();
  const statusOf = async (toNumber: string) =>
    (await world.orm.em.fork().findOneOrFail(Message, { toNumber, kind: 'consent' })).status;

  it('sends a notice while the person sleeps, once, without waking their checks, and ends', async () => {
    const person = await world.person({ cron: '0 18 1 1 *' });
    const checks = world.env.client.workflow.getHandle(probeWorkflowId(person.id));
    expect(await world.phase(person.id)).toMatchObject({ do: 'ask' });
    const before = (await checks.describe()).historyLength;
    const thor = await world.addContact(person.id, 'Thor', newNumber());
    await thor.receives('Hi Thor, Tony Stark made you an emergency contact');
    await ended(person.id);
    expect((await checks.describe()).historyLength).toBe(before);
    await world.env.sleep('3 days');
  }, 60_000);

  it('goes on trying for as long as the provider is away, and holds no check back meanwhile', async () => {
    const soon = new Date((await world.now()).getTime() + 2 * 60_000);
    const person = await world.person({ cron: `${soon.getUTCMinutes()} ${soon.getUTCHours()} * * *` });
    const number = newNumber();
    // Three seconds apart, as it is not known whether the text went out: the provider is back five minutes later.
    await fault({ kind: 'error', status: 503, to: number, count: 100 });
    const thor = await world.addContact(person.id, 'Thor', number);
    const tick = await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    const [probe] = await world.probes(person.id);
    expect(probe!.createdAt.getTime() - tick.getTime()).toBeLessThan(2_000);
    expect(['queued', 'sending']).toContain(await statusOf(number));
    await world.reply(person.id, 'bad');
    await person.contacts[0]!.receives("they're not okay");
    await person.phone.receives('Reached out to Hulk');
    await world.acknowledge(probe!.id);
    await person.phone.receives('Hulk got the message');
    await world.env.sleep('2 hours');
    await thor.receives('Hi Thor');
    await ended(person.id);
  }, 60_000);

  it('lets one text that cannot go hold no other back', async () => {
    const person = await world.person({ cron: '0 18 1 1 *' });
    const stuck = newNumber();
    await fault({ kind: 'error', status: 400, code: 21408, to: stuck });
    await world.addContact(person.id, 'Loki', stuck);
    const thor = await world.addContact(person.id, 'Thor', newNumber());
    await thor.receives('Hi Thor');
    await world.env.sleep('2 minutes');
    // Nobody wants it any more: then it is withdrawn, and the workflow ends although the fault stays.
    await world.orm.em.fork().nativeDelete(Contact, { userId: person.id, firstName: 'Loki' });
    await world.env.sleep('2 minutes');
    await ended(person.id);
    expect(await statusOf(stuck)).toBe('canceled');
  }, 60_000);

  it('tells the person of a number that does not work, and of a phone that opted out', async () => {
    const person = await world.person({ cron: '0 18 1 1 *' });
    const [broken, optedOut] = [newNumber(), newNumber()];
    await fault({ kind: 'error', status: 400, code: 21211, to: broken, count: 1 });
    await fault({ kind: 'error', status: 400, code: 21610, to: optedOut, count: 1 });
    await world.addContact(person.id, 'Loki', broken);
    await person.phone.receives("Loki, your emergency contact, can't be texted at that number.");
    await world.addContact(person.id, 'Thor', optedOut);
    await person.phone.receives('Thor declined to be your emergency contact; 2 contacts left.');
    await ended(person.id);
  }, 60_000);
});

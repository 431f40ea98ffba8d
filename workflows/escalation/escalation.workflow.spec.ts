import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TimeMachine } from '#apps/worker/src/time-machine.fixture';
import { escalationWorkflowId } from './escalation.contract.ts';

describe('the workflow of an alarm', () => {
  let world: TimeMachine;
  beforeAll(async () => {
    world = await TimeMachine.start();
  }, 60_000);
  afterAll(() => world.close(), 30_000);
  afterEach(() => world.endStory());

  /** A person who has just said that they are not okay, with the first contact alerted. */
  async function alarm(contacts: string[]) {
    const person = await world.person({ contacts });
    await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'bad');
    await person.contacts[0]!.receives(/tony says they're not okay.*reach out asap.*reply 1/i);
    await person.phone.receives(`Reached out to ${contacts[0]}. Your check-ins are now off.`);
    return { ...person, probeId: (await world.probes(person.id)).at(-1)!.id };
  }

  it('asks the contacts in order, each given the wait, then the first once again, and then ends', async () => {
    const { phone, contacts } = await alarm(['Hulk', 'Thor']);
    await world.env.sleep('14 minutes');
    await world.phones.expectNothingElseSent();
    await world.env.sleep('2 minutes');
    await contacts[1]!.receives("Thor: Tony says they're not okay");
    await phone.receives('Reached out to Thor');
    await world.env.sleep('15 minutes');
    await contacts[0]!.receives("Hulk: Tony says they're not okay");
    await world.env.sleep('3 days');
  }, 60_000);

  it('stops asking once a contact takes it on, and tells everyone concerned', async () => {
    const { phone, contacts, probeId } = await alarm(['Hulk', 'Thor']);
    await world.env.sleep('16 minutes');
    await contacts[1]!.receives('Thor');
    await phone.receives('Reached out to Thor');
    await world.acknowledge(probeId);
    await phone.receives('Thor got the message and is on it');
    await contacts[0]!.receives('Thor is looking after Tony');
    await world.env.sleep('3 days');
  }, 60_000);

  it('tells everyone who was alerted when all is clear, also long after it came to rest', async () => {
    const { contacts, phone, probeId } = await alarm(['Hulk']);
    await world.acknowledge(probeId);
    await phone.receives('Hulk got the message');
    await world.env.client.workflow.getHandle(escalationWorkflowId(probeId)).result();
    await world.env.sleep('10 hours');
    await world.allClear(probeId);
    await contacts[0]!.receives("All clear, Hulk: Tony says they're okay now");
    await world.env.sleep('3 days');
  }, 60_000);

  it('goes on at once to the next contact when one cannot be reached', async () => {
    const person = await world.person({ contacts: ['Hulk', 'Thor'] });
    const broken = { kind: 'error', status: 400, code: 21211, to: person.contacts[0]!.number };
    const { id } = await world.phones.call<{ id: string }>('/control/faults', broken);
    await world.travelPastTick(person.id);
    await person.phone.receives('are you okay');
    await world.reply(person.id, 'bad');
    await person.contacts[1]!.receives("Thor: Tony says they're not okay");
    await person.phone.receives('Reached out to Thor');
    expect(id).toBeDefined();
    await world.env.sleep('16 minutes');
    await person.contacts[1]!.receives('Thor');
    await world.env.sleep('3 days');
  }, 60_000);

  it('passes over a contact who refuses, and tells the person when nobody is left', async () => {
    const { phone, contacts, id } = await alarm(['Hulk', 'Thor']);
    await world.refuse(id, contacts[0]!);
    await contacts[1]!.receives("Thor: Tony says they're not okay");
    await phone.receives('Hulk declined to be your emergency contact; 1 contact left.');
    await phone.receives('Reached out to Thor');
    await world.refuse(id, contacts[1]!);
    await phone.receives('Thor declined to be your emergency contact, and nobody else is left.');
    await phone.receives("I couldn't reach any emergency contact of yours. Please call someone.");
    await world.env.sleep('3 days');
  }, 60_000);

  it('tells the person at once when there was nobody to ask', async () => {
    const { id, phone, contacts } = await world.person({ contacts: ['Hulk'] });
    await world.refuse(id, contacts[0]!);
    await phone.receives('nobody else is left');
    await world.travelPastTick(id);
    await phone.receives('are you okay');
    await world.reply(id, 'bad');
    await phone.receives("I couldn't reach any emergency contact of yours. Please call someone.");
    const [probe] = await world.probes(id);
    await world.env.client.workflow.getHandle(escalationWorkflowId(probe!.id)).result();
    await world.env.sleep('3 days');
  }, 60_000);
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kronus, until, type Person } from './harness.ts';

describe('somebody who is made an emergency contact', () => {
  let kronus: Kronus;
  beforeAll(async () => {
    kronus = await Kronus.start();
  }, 90_000);
  afterAll(() => kronus.stop(), 30_000);
  afterEach(() => kronus.endStory());

  const contactsOf = (person: Person): Promise<Record<string, unknown>[]> =>
    person.account.expects(200, 'GET', `${person.path}/contacts`);

  // Our own record follows the text by a moment.
  const areTold = (person: Person) =>
    until(
      async () => (await contactsOf(person)).every((contact) => contact.consent === 'told'),
      5_000,
      'the contacts to be on record as told',
    );

  it('is told once, and may say yes', async () => {
    const tony = await kronus.person({ settings: { active: true } });
    await areTold(tony);
    const [hulk] = await contactsOf(tony);
    expect(hulk).toMatchObject({ consent: 'told', consent_at: expect.any(String), reachable: true });
    const path = `${tony.path}/contacts/${String(hulk!.id)}`;
    await tony.account.expects(200, 'PUT', path, { first_name: 'Bruce', is_emergency_contact: true });
    await tony.contacts[0]!.replies('Yes');
    await tony.contacts[0]!.receives('Thank you! You are an emergency contact of Tony.');
    expect(await contactsOf(tony)).toMatchObject([{ consent: 'accepted' }]);
  }, 30_000);

  it('refuses, is left in peace by a later alarm, and the next contact is alerted instead', async () => {
    const tony = await kronus.person({ contacts: ['Hulk', 'Thor'], settings: { active: true } });
    const [hulk, thor] = tony.contacts;
    await areTold(tony);
    await hulk!.replies('No thanks');
    await hulk!.receives("OK, you won't be texted about Tony again.");
    await tony.phone.receives('Hulk declined to be your emergency contact; 1 contact left.');
    expect(await contactsOf(tony)).toMatchObject([
      { first_name: 'Thor', consent: 'told' },
      { first_name: 'Hulk', consent: 'refused', refusal: 'declined' },
    ]);

    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there');
    await thor!.receives("Thor: Tony says they're not okay");
    await tony.phone.receives('Reached out to Thor');
    await thor!.replies('1');
    await thor!.receives("you're on it");
    await tony.phone.receives('Thor got the message');
    await tony.phone.replies('yes');
    await tony.phone.receives("Glad you're okay");
    await thor!.receives('All clear');
  }, 60_000);

  it('refuses by STOP in the middle of an alarm, and nobody is left: the person hears of it at once', async () => {
    const tony = await kronus.person({ settings: { active: true } });
    await areTold(tony);
    await tony.asksForCheck();
    await tony.phone.receives('are you okay');
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there');
    await tony.contacts[0]!.receives("they're not okay");
    await tony.phone.receives('Reached out to Hulk');
    expect((await tony.contacts[0]!.replies('STOP')).replies).toEqual([]);
    const heard = [await tony.phone.receives(/./), await tony.phone.receives(/./)].map((text) => text.body);
    expect(heard.sort()).toEqual([
      expect.stringContaining('Hulk declined to be your emergency contact, and nobody else is left.'),
      expect.stringContaining("I couldn't reach any emergency contact of yours. Please call someone."),
    ]);
    expect(await contactsOf(tony)).toMatchObject([{ consent: 'refused', refusal: 'opted_out' }]);
    const refused = await tony.account.call('PUT', `${tony.path}/probe_settings`, { active: true });
    expect([refused.status, refused.body.error_codes]).toEqual([403, ['contact_required']]);

    await tony.contacts[0]!.texts('START');
    expect(await contactsOf(tony)).toMatchObject([{ consent: 'told' }]);
    await tony.changesSettings({ active: true });
  }, 60_000);

  it('on a phone that opted out counts as refusing, and a wrong number is reported', async () => {
    const alone = await kronus.person({ contacts: [] });
    const number = kronus.profile('Hulk');
    const phone = kronus.phones.phone(number.phone_number);
    await phone.texts('STOP');
    const { email, phone_number, first_name, last_name } = number;
    const hulk = { email, phone_number, first_name, last_name, is_emergency_contact: true };
    await alone.account.expects(201, 'POST', `${alone.path}/contacts`, hulk);
    await alone.phone.receives('Hulk declined to be your emergency contact, and nobody else is left.');

    const wrong = kronus.profile('Thor');
    await kronus.phones.call('/control/faults', {
      kind: 'error',
      status: 400,
      code: 21211,
      to: wrong.phone_number,
    });
    const thor = { ...hulk, email: wrong.email, phone_number: wrong.phone_number, first_name: 'Thor' };
    await alone.account.expects(201, 'POST', `${alone.path}/contacts`, thor);
    await alone.phone.receives("Thor, your emergency contact, can't be texted at that number.");
    expect(await contactsOf(alone)).toMatchObject([
      { first_name: 'Thor', consent: 'pending', reachable: false },
      { first_name: 'Hulk', consent: 'refused', refusal: 'opted_out' },
    ]);
  }, 60_000);

  it('on the phone of the person themselves disturbs no check', async () => {
    const tony = await kronus.person();
    const own = { phone_number: tony.phone.number, email: 'self@example.org', is_emergency_contact: true };
    const contact = { ...own, first_name: 'Myself', last_name: 'Stark' };
    await tony.asksForCheck({ max_retries: 6, wait_time_in_minutes: 60 });
    await tony.phone.receives('are you okay');
    await tony.account.expects(201, 'POST', `${tony.path}/contacts`, contact);
    await tony.phone.receives('Hi Myself, Tony Stark made you an emergency contact');
    await areTold(tony);
    await tony.phone.replies('no');
    await tony.phone.receives('Hang in there');
    await tony.contacts[0]!.receives("they're not okay");
    await tony.phone.receives('Reached out to Hulk');
    await tony.contacts[0]!.replies('1');
    await tony.contacts[0]!.receives("you're on it");
    await tony.phone.receives('is on it');
    expect(await contactsOf(tony)).toMatchObject([
      { first_name: 'Myself', consent: 'told' },
      { first_name: 'Hulk', consent: 'accepted' },
    ]);
  }, 60_000);

  it('is told once although Kronus dies at that moment', async () => {
    const alone = await kronus.person({ contacts: [] });
    const { email, phone_number, first_name, last_name } = kronus.profile('Hulk');
    const hulk = { email, phone_number, first_name, last_name, is_emergency_contact: true };
    await alone.account.expects(201, 'POST', `${alone.path}/contacts`, hulk);
    await kronus.crash();
    await kronus.restart();
    await kronus.phones.phone(phone_number).receives('Hi Hulk', { withinMs: 60_000 });
    await areTold(alone);
    await kronus.minutesPass(3);
  }, 120_000);
});

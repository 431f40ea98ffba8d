import type { EntityManager } from '@mikro-orm/postgresql';
import { Contact } from '#libs/db/entities/contact.entity';
import { nextNumber } from './sequence.ts';

/** What can be chosen about a contact; the rest is made up and unique. */
export type ContactChoices = Partial<
  Pick<Contact, 'firstName' | 'lastName' | 'phoneNumber' | 'email' | 'isEmergencyContact'>
>;

/** Stores a contact of a person, flagged for emergencies unless chosen otherwise. */
export async function createContact(
  em: EntityManager,
  userId: number,
  choices: ContactChoices = {},
): Promise<Contact> {
  const number = nextNumber();
  const contact = em.create(Contact, {
    userId,
    firstName: `contact${number}`,
    lastName: `last${number}`,
    phoneNumber: `+1666${String(number).padStart(7, '0')}`,
    email: `contact${number}@example.com`,
    isEmergencyContact: true,
    ...choices,
  });
  await em.flush();
  return contact;
}

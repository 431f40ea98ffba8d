import type { EntityManager } from '@mikro-orm/postgresql';
import { Consent } from '../entities/consent.entity.ts';
import { Contact } from '../entities/contact.entity.ts';

/** The numbers whose owners refused to be a contact of this person. */
export async function refusedNumbers(em: EntityManager, userId: number): Promise<Set<string>> {
  const refused = await em.find(Consent, { userId, answer: 'refused' });
  return new Set(refused.map((consent) => consent.phoneNumber));
}

/** The contacts that may be alerted for a person, in the order in which they are asked: flagged, and not refusing. */
export async function emergencyContactsOf(em: EntityManager, userId: number): Promise<Contact[]> {
  const flagged = await em.find(Contact, { userId, isEmergencyContact: true }, { orderBy: { id: 'asc' } });
  const refused = await refusedNumbers(em, userId);
  return flagged.filter((contact) => !refused.has(contact.phoneNumber));
}

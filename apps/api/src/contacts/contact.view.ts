import type { ContactView } from '#libs/contract/contact.contract';
import { toTime, type Moment } from '../http/time.ts';

/** What is shown of a contact: an entity, or a row of `CONTACT_COLUMNS`. */
export interface ContactRow {
  id: number;
  userId: number;
  firstName: string;
  lastName: string;
  phoneNumber: string;
  email: string;
  isEmergencyContact: boolean;
  createdAt: Moment;
  updatedAt: Moment;
}

/** Reads contacts in plain SQL, where building entities would cost more than the query. */
export const CONTACT_COLUMNS = `id, user_id as "userId", first_name as "firstName", last_name as "lastName",
  phone_number as "phoneNumber", email, is_emergency_contact as "isEmergencyContact",
  created_at as "createdAt", updated_at as "updatedAt"`;

/** A contact as the API shows it. */
export const toContactView = (contact: ContactRow): ContactView => ({
  id: contact.id,
  created_at: toTime(contact.createdAt),
  updated_at: toTime(contact.updatedAt),
  first_name: contact.firstName,
  last_name: contact.lastName,
  phone_number: contact.phoneNumber,
  email: contact.email,
  user_id: contact.userId,
  is_emergency_contact: contact.isEmergencyContact,
});

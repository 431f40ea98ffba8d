import type { ContactView } from '#libs/contract/contact.contract';
import { consentState, type ConsentAnswer, type Refusal } from '#libs/domain/consent';
import { toTime, toTimeOrNull, type Moment } from '../http/time.ts';

/** What is shown of a contact: a row of `CONTACT_QUERY`. */
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
  isKnown: boolean;
  hasConsentText: boolean;
  toldAt: Moment | null;
  answer: ConsentAnswer | null;
  answeredAt: Moment | null;
  refusal: Refusal | null;
  isReachable: boolean;
  lastProvenAt: Moment | null;
}

/** Reads contacts in plain SQL, where building entities would cost more than the query. */
export const CONTACT_QUERY = `
  select c.id, c.user_id as "userId", c.first_name as "firstName", c.last_name as "lastName",
    c.phone_number as "phoneNumber", c.email, c.is_emergency_contact as "isEmergencyContact",
    c.last_proven_at as "lastProvenAt", c.created_at as "createdAt", c.updated_at as "updatedAt",
    k.user_id is not null as "isKnown", k.message_id is not null as "hasConsentText", m.accepted_at as "toldAt",
    k.answer, k.answered_at as "answeredAt", k.refusal, k.unreachable_at is null as "isReachable"
  from contacts c
  left join consents k on k.user_id = c.user_id and k.phone_number = c.phone_number
  left join messages m on m.id = k.message_id`;

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
  consent: consentState({
    answer: contact.answer,
    isKnown: contact.isKnown,
    text: contact.hasConsentText ? { isAccepted: contact.toldAt !== null } : null,
  }),
  consent_at: toTimeOrNull(contact.answeredAt ?? contact.toldAt),
  refusal: contact.refusal,
  reachable: contact.isReachable,
  last_proven_at: toTimeOrNull(contact.lastProvenAt),
});

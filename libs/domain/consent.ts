import { isAcknowledgement, normalizeReply, readReply } from './replies.ts';

/**
 * Whether somebody agreed to be a contact. `pending`: they were not told yet. `told`: they know, and may refuse.
 * `accepted`: they said yes, or took an alarm on. `refused`: they are never texted again.
 */
export const CONSENT_STATES = ['pending', 'told', 'refused', 'accepted'] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

/** How somebody refused: to us, or to the provider (STOP), for everybody who made them a contact. */
export const REFUSALS = ['declined', 'opted_out'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What a contact answered to being one. */
export type ConsentAnswer = 'accepted' | 'refused';

/** The state that follows from what is on record: the answer, else whether the text that tells them went out. */
export function consentState(record: {
  answer: ConsentAnswer | null;
  /** False for somebody who was never flagged for emergencies, and so never had to be told. */
  isKnown: boolean;
  /** The text that tells them; null for those who were contacts before anybody was told. */
  text: { isAccepted: boolean } | null;
}): ConsentState {
  if (record.answer) return record.answer;
  if (!record.isKnown) return 'pending';
  return !record.text || record.text.isAccepted ? 'told' : 'pending';
}

// None may be a word of the provider's own, an acknowledgement or an answer to a check: the spec compares.
const REFUSE = new Set(['no thanks', 'no, thanks', 'no thank you', 'no, thank you', 'refuse']);
const ACCEPT = new Set(['accept']);

/**
 * What a text could mean to whoever asked last. `refuse` and `accept` are about being a contact, whenever they come; the
 * others are answers, and it depends on the question.
 */
export type AnswerWord = 'refuse' | 'accept' | 'acknowledge' | 'yes' | 'no' | 'other';

/** Reads a text for `addresseeOf`. A cry for help is no refusal. Never throws. */
export function readAnswerWord(body: string): AnswerWord {
  const text = normalizeReply(body);
  if (REFUSE.has(text)) return 'refuse';
  if (ACCEPT.has(text)) return 'accept';
  if (isAcknowledgement(body)) return 'acknowledge';
  const meaning = readReply(body);
  if (meaning === 'good') return 'yes';
  return meaning === 'bad' && text !== 'help' ? 'no' : 'other';
}

/** All that decides what a text from one phone is about. */
export interface PhoneSituation {
  /** True when the phone is that of an account, which can be watched itself. */
  isPerson: boolean;
  /** What the person's own latest check waits for: an answer, or the good news after an alarm. */
  check: 'none' | 'pending' | 'alarm';
  /** True when the phone is the contact of somebody. */
  isContact: boolean;
  /** True when an alert to this phone can still be answered. */
  hasOpenAlert: boolean;
  /** The answer to the consent text, when that is the latest thing this phone was asked; null when it is not. */
  latestConsent: ConsentAnswer | 'none' | null;
}

/** Whom a text is for: the watched person of that phone, the alert to it, or the question whether it may be texted. */
export type Addressee = 'person' | 'alert' | 'refusal' | 'acceptance';

/**
 * Decides whom a text is for; total, so that a test can enumerate it. A "yes" or "no" while a check of the phone's own
 * person waits for it is that check's, whatever else was asked; so is a "yes" that ends an alarm. An acknowledgement is
 * the open alert's. Only then may it answer the consent text, if nothing was asked since.
 */
export function addresseeOf(word: AnswerWord, situation: PhoneSituation): Addressee {
  const { isPerson, check, isContact, hasOpenAlert, latestConsent } = situation;
  if (isContact && word === 'refuse') return 'refusal';
  if (isContact && word === 'accept') return 'acceptance';
  if (hasOpenAlert && word === 'acknowledge') return 'alert';
  if (check !== 'pending') {
    const isRefusable = latestConsent === 'none' || latestConsent === 'accepted';
    if (word === 'no' && isRefusable) return 'refusal';
    const canAccept = latestConsent === 'none' && check === 'none';
    if (canAccept && (word === 'yes' || word === 'acknowledge')) return 'acceptance';
  }
  return hasOpenAlert && !isPerson ? 'alert' : 'person';
}

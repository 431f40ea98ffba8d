import type { ReplyMeaning } from './replies.ts';

/** Names that a text may use. Cut to 30 letters, so that a text stays within one segment. */
export interface TextNames {
  /** The watched person's first name. */
  person: string;
  /** The emergency contact's first name. */
  contact: string;
}

/**
 * Why the contacts are alerted: the person said so, did not answer, could not be reached, has a number that texts cannot
 * reach, or opted out of texts.
 */
export type AlertCause = 'bad' | 'no_reply' | 'unreachable' | 'invalid_number' | 'opted_out';

/** Every sentence that Kronus says on a phone. */
export interface Texts {
  checkIn(names: Pick<TextNames, 'person'>): string;
  oneOffCheckIn(names: Pick<TextNames, 'person'>): string;
  followUp(): string;
  alert(names: TextNames, cause: AlertCause): string;
  reachedOut(names: Pick<TextNames, 'contact'>): string;
  nobodyToReach(): string;
  acknowledgedToPerson(names: Pick<TextNames, 'contact'>): string;
  acknowledgedToContact(names: TextNames, acknowledgedBy: string): string;
  allClear(names: TextNames): string;
  goodReply(): string;
  badReply(): string;
  lateGoodReply(): string;
  acknowledgedReply(names: Pick<TextNames, 'person'>): string;
  askToAcknowledgeReply(names: Pick<TextNames, 'person'>): string;
  checkPlannedReply(check: { inMinutes: number; maxRetries: number }): string;
  contactRequiredReply(): string;
  /** `until` in the person's words; `isCheckCalledOff` when a check was pending. */
  pausedReply(pause: { until: string; isCheckCalledOff: boolean }): string;
  /** `next` in the person's words. */
  checksOnReply(check: { next: string }): string;
  checksOffReply(): string;
  applicationErrorReply(): string;
  /** To a contact, once: who added them, and how to refuse. */
  consent(names: TextNames & { personLastName: string }): string;
  refusedReply(names: Pick<TextNames, 'person'>): string;
  acceptedReply(names: Pick<TextNames, 'person'>): string;
  /** To the person, who has `left` other contacts that may be alerted. */
  contactRefused(names: Pick<TextNames, 'contact'>, left: number): string;
  contactUnreachable(names: Pick<TextNames, 'contact'>): string;
  drillQuestion(names: Pick<TextNames, 'person'>): string;
  drillAlert(names: TextNames): string;
  drillOutcome(names: Pick<TextNames, 'person'>, answers: DrillAnswers): string;
  drillReply(meaning: ReplyMeaning): string;
  drillAcknowledgedReply(names: Pick<TextNames, 'person'>): string;
  askToAnswerDrillReply(): string;
  /** With the code to set a new password by, good for `minutes`. */
  passwordCode(reset: { code: string; minutes: number }): string;
  passwordChanged(): string;
}

/** First names of the contacts that a drill asked, in that order. */
export interface DrillAnswers {
  answered: string[];
  silent: string[];
}

const MAX_NAME_LETTERS = 30;
const name = (value: string): string => {
  const letters = [...value.replace(/\s+/g, ' ').trim()];
  const short = letters.slice(0, MAX_NAME_LETTERS).join('').trim();
  return short.charAt(0).toUpperCase() + short.slice(1);
};

/** The length of one segment, in characters of GSM-7 (GSM 03.38). */
const SEGMENT_LETTERS = 160;
const list = (names: string[]): string =>
  [names.slice(0, -1).map(name).join(', '), ...names.slice(-1).map(name)].filter(Boolean).join(' and ');

/** Who answered a drill by name, or by number where the names do not fit `letters`. */
function drillAnswers({ answered, silent }: DrillAnswers, letters: number): string {
  const count = answered.length + silent.length;
  if (count === 0) return 'there was nobody to ask.';
  const have = answered.length > 0 ? `${list(answered)} answered` : '';
  const haveNot = silent.length > 0 ? `${list(silent)} did not${have ? '' : ' answer'}` : '';
  const byName = `${[have, haveNot].filter(Boolean).join(', ')}.`;
  return byName.length <= letters ? byName : `${answered.length} of ${count} contacts answered.`;
}

const CAUSES: Record<AlertCause, (person: string) => string> = {
  bad: (person) => `${person} says they're not okay. You're their emergency contact: reach out ASAP.`,
  no_reply: (person) => `${person} missed their check-in. You're their emergency contact: please reach out.`,
  unreachable: (person) => `we can't reach ${person} by text. You're their emergency contact: reach out.`,
  invalid_number: (person) => `texts can't reach ${person}'s number any more. Please check on them yourself.`,
  opted_out: (person) => `${person} opted out of Kronus texts (STOP), so we can't check on them: reach out.`,
};

const english: Texts = {
  checkIn: ({ person }) => `Hi ${name(person)}, just your friendly check-in. Are you okay? (Y/N)`,
  oneOffCheckIn: ({ person }) => `Hi ${name(person)}, you asked me to check on you. Are you okay? (Y/N)`,
  followUp: () => 'You good ?? (Y/N)',
  alert: ({ person, contact }, cause) =>
    `${name(contact)}: ${CAUSES[cause](name(person))} Reply 1 if you're on it.`,
  reachedOut: ({ contact }) =>
    `Reached out to ${name(contact)}. Your check-ins are now off. You can turn them on again any time.`,
  nobodyToReach: () =>
    "I couldn't reach any emergency contact of yours. Please call someone. Your check-ins are now off.",
  acknowledgedToPerson: ({ contact }) =>
    `${name(contact)} got the message and is on it. Your check-ins stay off until you turn them on again.`,
  acknowledgedToContact: ({ person }, acknowledgedBy) =>
    `${name(acknowledgedBy)} is looking after ${name(person)}. Nothing more to do for now, thank you.`,
  allClear: ({ person, contact }) =>
    `All clear, ${name(contact)}: ${name(person)} says they're okay now. Thank you!`,
  goodReply: () => '👍',
  badReply: () => 'Hang in there! Reaching out to your emergency contact ASAP.',
  lateGoodReply: () => "Glad you're okay! I'm telling everyone I alerted.",
  acknowledgedReply: ({ person }) => `Thank you! I'm telling ${name(person)} that you're on it.`,
  askToAcknowledgeReply: ({ person }) => `Reply 1 if you can look after ${name(person)}.`,
  checkPlannedReply: ({ inMinutes, maxRetries }) =>
    `👍 Checking on you in ${inMinutes} min, up to ${maxRetries} follow-ups.`,
  contactRequiredReply: () => "An emergency contact is required to use the 'probe' cmd",
  pausedReply: ({ until, isCheckCalledOff }) =>
    `${isCheckCalledOff ? 'The check that was waiting for you is off. ' : ''}No scheduled check-ins until ${until}. Text RESUME to have them back earlier.`,
  checksOnReply: ({ next }) => `Your scheduled check-ins are on. The next one comes ${next}.`,
  checksOffReply: () => 'Your scheduled check-ins are off. You can turn them on in your settings.',
  applicationErrorReply: () => 'Sorry, an application error has occurred. Please try again later',
  consent: ({ person, personLastName, contact }) =>
    `Hi ${name(contact)}, ${name(`${name(person)} ${name(personLastName)}`) || 'Somebody'} made you an emergency contact: Kronus texts you if they need help. Reply NO THANKS to refuse.`,
  refusedReply: ({ person }) =>
    `OK, you won't be texted about ${name(person)} again. To take that back, text ACCEPT.`,
  acceptedReply: ({ person }) => `Thank you! You are an emergency contact of ${name(person)}.`,
  contactRefused: ({ contact }, left) =>
    left === 0
      ? `${name(contact)} declined to be your emergency contact, and nobody else is left. Please add someone: without one nobody can be alerted.`
      : `${name(contact)} declined to be your emergency contact; ${left} contact${left === 1 ? '' : 's'} left.`,
  contactUnreachable: ({ contact }) =>
    `${name(contact)}, your emergency contact, can't be texted at that number. Please correct it or add someone else.`,
  drillQuestion: ({ person }) =>
    `TEST, ${name(person)}: you started a drill, nobody is worried. Reply Y, and your contacts are tested next.`,
  drillAlert: ({ person, contact }) =>
    `TEST, ${name(contact)}: ${name(person)} tries out whether an alarm would reach you. No need to worry: just reply 1.`,
  drillOutcome: ({ person }, answers) => {
    const [head, tail] = [`TEST over, ${name(person)}: `, ' Your settings are unchanged.'];
    return head + drillAnswers(answers, SEGMENT_LETTERS - head.length - tail.length) + tail;
  },
  drillReply: (meaning) =>
    meaning === 'bad'
      ? 'TEST: got it. But a drill calls nobody to your help: if you really need some, call someone now.'
      : 'TEST: got it, thank you.',
  drillAcknowledgedReply: ({ person }) =>
    `TEST: thank you! In a real alarm ${name(person)} would now hear that you're on it.`,
  askToAnswerDrillReply: () => 'TEST: reply 1 to show that the drill reached you.',
  passwordCode: ({ code, minutes }) =>
    `${code} is your code for a new Kronus password, good for ${minutes} min. Tell it nobody. You did not ask for it? Then ignore this text.`,
  passwordChanged: () =>
    'Your Kronus password was changed just now. Was it not you? Set a new one at once by "forgot password", and tell your admin.',
};

/** The table of texts, by language. English first; a new language is a new entry. */
export const texts = { en: english } satisfies Record<string, Texts>;

/** What a person meant: `good` and `bad` decide a check, `unclear` is kept and decides nothing. */
export type ReplyMeaning = 'good' | 'bad' | 'unclear';

const GOOD = new Set(['yes', 'yeah', 'yh', 'y', '👍']);
const BAD = new Set(['no', 'nope', 'nah', 'na', 'n', 'help']);
const ACKNOWLEDGEMENTS = new Set(['1', 'ok']);

// Handled by the provider for a number that sends them alone (Twilio, "Advanced Opt-Out", default keywords).
const STOP_WORDS = new Set(['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'optout']);
const START_WORDS = new Set(['start', 'unstop']);

const SKIN_TONES_AND_VARIATIONS = /[\u{1F3FB}-\u{1F3FF}]|\uFE0F/gu;
const TRAILING_PUNCTUATION = /[\s.!,]+$/;

/** A reply as it is compared: trimmed, lower case, no closing punctuation, emoji without skin tone. */
export function normalizeReply(body: string): string {
  return body
    .normalize('NFC')
    .replace(SKIN_TONES_AND_VARIATIONS, '')
    .trim()
    .toLowerCase()
    .replace(TRAILING_PUNCTUATION, '');
}

/** Reads a watched person's answer. Never throws; whatever is not plainly good or bad is unclear. */
export function readReply(body: string): ReplyMeaning {
  const text = normalizeReply(body);
  if (GOOD.has(text)) return 'good';
  return BAD.has(text) ? 'bad' : 'unclear';
}

/** True when a contact says that they take care of it. */
export const isAcknowledgement = (body: string): boolean => ACKNOWLEDGEMENTS.has(normalizeReply(body));

/** What a text does to the texts that we may send: `stop` ends them, `start` allows them again. */
export type OptOut = 'stop' | 'start';

/**
 * Reads a text as an opt-out or opt-in, by what the provider made of it (`OptOutType`, null when it did not say) or by
 * the provider's own words; such a text is never a command and never a reply. Null for any other text, and for a good
 * answer, whatever else the provider takes it for. Source: Twilio, "Advanced Opt-Out".
 */
export function readOptOut(body: string, optOutType: string | null = null): OptOut | null {
  const text = normalizeReply(body);
  if (optOutType === 'STOP' || STOP_WORDS.has(text)) return 'stop';
  if (GOOD.has(text)) return null;
  return optOutType === 'START' || START_WORDS.has(text) ? 'start' : null;
}

/** True for the one answer that the provider also takes for consent to texts, when its sender had opted out. */
export const isConsent = (body: string): boolean => normalizeReply(body) === 'yes';

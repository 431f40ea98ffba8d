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

/** Reads the provider's own words; such a text is never a Kronus command and never a reply. Null for any other text. */
export function readOptOut(body: string): OptOut | null {
  const text = normalizeReply(body);
  if (STOP_WORDS.has(text)) return 'stop';
  return START_WORDS.has(text) ? 'start' : null;
}

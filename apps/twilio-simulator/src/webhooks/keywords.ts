/** The words that Twilio itself acts on, and the OptOutType it then sends along. */
export type OptOutType = 'STOP' | 'START' | 'HELP';

const words: Record<OptOutType, string[]> = {
  STOP: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'],
  START: ['START', 'YES', 'UNSTOP'],
  HELP: ['HELP', 'INFO'],
};

/**
 * Which of Twilio's keywords a text is: one word and nothing else, in any case. A word of consent counts
 * only from someone who has opted out, so a plain "yes" stays an answer.
 * Source: https://help.twilio.com/articles/223134027
 */
export function optOutTypeOf(body: string, isOptedOut: boolean): OptOutType | undefined {
  const word = body.trim().toUpperCase();
  const type = (Object.keys(words) as OptOutType[]).find((each) => words[each].includes(word));
  return type === 'START' && !isOptedOut ? undefined : type;
}

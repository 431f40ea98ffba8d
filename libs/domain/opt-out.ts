import { isConsent, readOptOut } from './replies.ts';

/**
 * Those of some texts, in the order in which they were sent, that are a STOP which its sender took back by a later one of
 * them: the provider sends to that phone again, so nobody became unreachable. A "yes" takes a STOP back as START does.
 * The texts may be of several phones. Total.
 */
export function overtakenStops<Text extends { from: string; body: string }>(
  texts: readonly Text[],
): Set<Text> {
  const overtaken = new Set<Text>();
  const reachable = new Set<string>();
  for (const text of texts.toReversed()) {
    const word = readOptOut(text.body);
    if (word === 'start' || isConsent(text.body)) reachable.add(text.from);
    if (word === 'stop' && reachable.has(text.from)) overtaken.add(text);
  }
  return overtaken;
}

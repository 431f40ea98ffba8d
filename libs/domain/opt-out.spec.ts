import { describe, expect, it } from '@jest/globals';
import { overtakenStops } from './opt-out.ts';

const WORDS = ['STOP', 'START', 'yes', 'no', 'hello'] as const;
type Word = (typeof WORDS)[number];

/** Every sequence of so many words. */
const sequences = (length: number): Word[][] =>
  length === 0 ? [[]] : sequences(length - 1).flatMap((begin) => WORDS.map((word) => [...begin, word]));

const textsOf = (words: readonly string[], from = '+15551000001') => words.map((body) => ({ from, body }));

/** Whether the provider sends to the phone after these words, as Twilio tells it. */
const isReachableAfter = (words: readonly Word[]): boolean =>
  words.reduce(
    (isReachable, word) => (word === 'STOP' ? false : isReachable || word === 'START' || word === 'yes'),
    true,
  );

describe('overtakenStops', () => {
  it('leaves a STOP exactly where the phone cannot be reached in the end, whatever was sent', () => {
    for (const words of [0, 1, 2, 3, 4].flatMap(sequences)) {
      const texts = textsOf(words);
      const overtaken = overtakenStops(texts);
      const left = texts.filter((text) => text.body === 'STOP' && !overtaken.has(text));
      expect([words, left.length > 0]).toEqual([words, !isReachableAfter(words)]);
      for (const text of overtaken) expect(text.body).toBe('STOP');
    }
  });

  it('takes each phone for itself', () => {
    const [stop] = textsOf(['STOP'], '+15551000001');
    const [start] = textsOf(['START'], '+15551000002');
    expect(overtakenStops([stop!, start!])).toEqual(new Set());
  });

  it('understands the other words for it', () => {
    for (const word of ['stop', 'Unsubscribe', 'CANCEL', 'quit ', 'End.'])
      expect(overtakenStops(textsOf([word, 'unstop'])).size).toBe(1);
    // An answer that the provider does not take for consent.
    for (const word of ['yeah', 'y', '👍']) expect(overtakenStops(textsOf(['STOP', word])).size).toBe(0);
  });
});

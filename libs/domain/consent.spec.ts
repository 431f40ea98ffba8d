import { describe, expect, it } from '@jest/globals';
import {
  addresseeOf,
  consentState,
  readAnswerWord,
  type AnswerWord,
  type PhoneSituation,
} from './consent.ts';
import { isAcknowledgement, readOptOut, readReply } from './replies.ts';

describe('readAnswerWord', () => {
  const refusals = ['NO THANKS', ' no thanks! ', 'No, thanks.', 'no thank you', 'REFUSE'];
  it.each(refusals)('%p refuses, and could mean nothing else', (body) => {
    expect(readAnswerWord(body)).toBe('refuse');
    expect([readOptOut(body), isAcknowledgement(body), readReply(body)]).toEqual([null, false, 'unclear']);
  });

  it('takes a refusal back by a word that could mean nothing else', () => {
    expect(readAnswerWord(' Accept ')).toBe('accept');
    expect([readOptOut('accept'), isAcknowledgement('accept'), readReply('accept')]).toEqual([
      null,
      false,
      'unclear',
    ]);
  });

  it.each([
    ['1', 'acknowledge'],
    ['ok', 'acknowledge'],
    ['Yes', 'yes'],
    ['👍', 'yes'],
    ['no', 'no'],
    ['N', 'no'],
    ['nope', 'no'],
    ['help', 'other'],
    ['who is this?', 'other'],
    ['', 'other'],
  ] as const)('reads %p as %p', (body, word) => expect(readAnswerWord(body)).toBe(word));
});

describe('addresseeOf', () => {
  const words: AnswerWord[] = ['refuse', 'accept', 'acknowledge', 'yes', 'no', 'other'];
  /** Every situation that a phone can be in. */
  const situations: PhoneSituation[] = [];
  for (const isPerson of [true, false])
    for (const check of isPerson ? (['none', 'pending', 'alarm'] as const) : (['none'] as const))
      for (const isContact of [true, false])
        for (const hasOpenAlert of isContact ? [true, false] : [false])
          for (const latestConsent of isContact ? (['none', 'accepted', 'refused', null] as const) : [null])
            situations.push({ isPerson, check, isContact, hasOpenAlert, latestConsent });
  const addressees = (word: AnswerWord, where: (situation: PhoneSituation) => boolean) =>
    new Set(situations.filter(where).map((situation) => addresseeOf(word, situation)));

  it('leaves every answer to a pending check to the check', () => {
    for (const word of ['yes', 'no', 'other'] as const)
      expect(addressees(word, ({ check }) => check === 'pending')).toEqual(new Set(['person']));
  });

  it('leaves the yes that ends an alarm to the person', () => {
    expect(addressees('yes', ({ check }) => check === 'alarm')).toEqual(new Set(['person']));
  });

  it('takes an acknowledgement for that of an open alert, first of all', () => {
    expect(addressees('acknowledge', ({ hasOpenAlert }) => hasOpenAlert)).toEqual(new Set(['alert']));
  });

  it.each([
    ['refuse', 'refusal'],
    ['accept', 'acceptance'],
  ] as const)('takes %p from a contact at its word, always', (word, addressee) => {
    expect(addressees(word, ({ isContact }) => isContact)).toEqual(new Set([addressee]));
    expect(addressees(word, ({ isContact }) => !isContact)).toEqual(new Set(['person']));
  });

  it('takes a no for a refusal only when the consent text was the latest question and nothing is pending', () => {
    const isAsked = ({ check, latestConsent }: PhoneSituation) =>
      check !== 'pending' && (latestConsent === 'none' || latestConsent === 'accepted');
    expect(addressees('no', isAsked)).toEqual(new Set(['refusal']));
    expect(addressees('no', (situation) => !isAsked(situation))).toEqual(new Set(['person', 'alert']));
  });

  it('takes a yes for consent once, and only when nothing else waits for it', () => {
    const isOpen = ({ check, latestConsent }: PhoneSituation) => check === 'none' && latestConsent === 'none';
    expect(addressees('yes', isOpen)).toEqual(new Set(['acceptance']));
    expect(addressees('yes', (situation) => !isOpen(situation))).toEqual(new Set(['person', 'alert']));
  });

  it('never takes other words for an answer to the consent text, and gives those of mere contacts to the alert', () => {
    expect(addressees('other', () => true)).toEqual(new Set(['person', 'alert']));
    expect(addressees('other', ({ isPerson }) => isPerson)).toEqual(new Set(['person']));
    expect(addressees('other', ({ isPerson, hasOpenAlert }) => !isPerson && hasOpenAlert)).toEqual(
      new Set(['alert']),
    );
  });

  it('knows only the person where there is no contact', () => {
    for (const word of words) {
      expect(addressees(word, ({ isContact }) => !isContact)).toEqual(new Set(['person']));
    }
  });
});

describe('consentState', () => {
  const sent = { isAccepted: true };
  const waiting = { isAccepted: false };
  it.each([
    [{ answer: null, isKnown: false, text: null }, 'pending'],
    [{ answer: null, isKnown: true, text: waiting }, 'pending'],
    [{ answer: null, isKnown: true, text: sent }, 'told'],
    [{ answer: null, isKnown: true, text: null }, 'told'],
    [{ answer: 'accepted', isKnown: true, text: waiting }, 'accepted'],
    [{ answer: 'refused', isKnown: true, text: sent }, 'refused'],
  ] as const)('of %p is %p', (record, state) => expect(consentState(record)).toBe(state));
});

import { describe, expect, it } from '@jest/globals';
import { texts, type Texts } from './texts.ts';

// GSM 03.38 basic set; ^{}[]~\|€ count two and none of our texts uses them.
const GSM7 = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*$/;
const names = { person: 'P'.repeat(30), contact: 'C'.repeat(30) };

const outcomes = [0, 1, 2, 3, 30].flatMap((yes) =>
  [0, 1, 2, 3, 30].map((no) => ({
    answered: Array<string>(yes).fill('A'.repeat(30)),
    silent: Array<string>(no).fill('S'.repeat(30)),
  })),
);
const drillTexts = (t: Texts): [string, string][] => [
  ['drillQuestion', t.drillQuestion(names)],
  ['drillAlert', t.drillAlert(names)],
  ...outcomes.map((answers): [string, string] => [
    `drillOutcome ${answers.answered.length}/${answers.silent.length}`,
    t.drillOutcome(names, answers),
  ]),
  ['drillReply good', t.drillReply('good')],
  ['drillReply bad', t.drillReply('bad')],
  ['drillReply unclear', t.drillReply('unclear')],
  ['drillAcknowledgedReply', t.drillAcknowledgedReply(names)],
  ['askToAnswerDrillReply', t.askToAnswerDrillReply()],
];

const everyText = (t: Texts): [string, string][] => [
  ['checkIn', t.checkIn(names)],
  ['oneOffCheckIn', t.oneOffCheckIn(names)],
  ['followUp', t.followUp()],
  ['alert bad', t.alert(names, 'bad')],
  ['alert no_reply', t.alert(names, 'no_reply')],
  ['alert unreachable', t.alert(names, 'unreachable')],
  ['alert invalid_number', t.alert(names, 'invalid_number')],
  ['alert opted_out', t.alert(names, 'opted_out')],
  ['reachedOut', t.reachedOut(names)],
  ['nobodyToReach', t.nobodyToReach()],
  ['acknowledgedToPerson', t.acknowledgedToPerson(names)],
  ['acknowledgedToContact', t.acknowledgedToContact(names, 'A'.repeat(30))],
  ['allClear', t.allClear(names)],
  ['goodReply', t.goodReply()],
  ['badReply', t.badReply()],
  ['lateGoodReply', t.lateGoodReply()],
  ['acknowledgedReply', t.acknowledgedReply(names)],
  ['askToAcknowledgeReply', t.askToAcknowledgeReply(names)],
  ['checkPlannedReply', t.checkPlannedReply({ inMinutes: 1440, maxRetries: 6 })],
  ['contactRequiredReply', t.contactRequiredReply()],
  ['pausedReply', t.pausedReply({ until: 'Wed 22 Dec 2027 18:00', isCheckCalledOff: false })],
  ['pausedReply, called off', t.pausedReply({ until: 'Wed 22 Dec 2027 18:00', isCheckCalledOff: true })],
  ['checksOnReply', t.checksOnReply({ next: 'Wed 22 Dec 2027 18:00' })],
  ['checksOffReply', t.checksOffReply()],
  ['applicationErrorReply', t.applicationErrorReply()],
  ['consent', t.consent({ ...names, personLastName: 'L'.repeat(30) })],
  ['refusedReply', t.refusedReply(names)],
  ['acceptedReply', t.acceptedReply(names)],
  ['contactRefused, nobody left', t.contactRefused(names, 0)],
  ['contactRefused, others left', t.contactRefused(names, 100)],
  ['contactUnreachable', t.contactUnreachable(names)],
  ['passwordCode', t.passwordCode({ code: '12345678', minutes: 60 })],
  ['passwordChanged', t.passwordChanged()],
  ...drillTexts(t),
];

describe.each(Object.entries(texts))('texts in %s', (_language, table) => {
  it.each(everyText(table))('%s fits one segment with names of 30 letters', (_kind, text) => {
    expect([...text].length).toBeLessThanOrEqual(GSM7.test(text) ? 160 : 70);
  });

  it('introduces the person to a contact by their whole name, or by what there is of it', () => {
    const introduce = (person: string, personLastName: string) =>
      /^Hi Hulk, (.*) made you/.exec(table.consent({ person, personLastName, contact: 'hulk' }))?.[1];
    expect(introduce('tony', 'stark')).toBe('Tony Stark');
    expect([introduce('', 'stark'), introduce('tony', ''), introduce('', '')]).toEqual([
      'Stark',
      'Tony',
      'Somebody',
    ]);
  });

  it.each(drillTexts(table))('%s says at its beginning that it is a test', (_kind, text) => {
    expect(text).toMatch(/^TEST\b/);
  });

  it.each([
    [['hulk'], ['thor'], 'Hulk answered, Thor did not.'],
    [['hulk', 'thor', 'loki'], [], 'Hulk, Thor and Loki answered.'],
    [[], ['hulk', 'thor'], 'Hulk and Thor did not answer.'],
    [[], [], 'there was nobody to ask.'],
    [['a'.repeat(30), 'b'.repeat(30)], ['c'.repeat(30)], '2 of 3 contacts answered.'],
  ])('says of a drill that %j answered and %j did not', (answered, silent, sentence) => {
    expect(table.drillOutcome({ person: 'tony' }, { answered, silent })).toBe(
      `TEST over, Tony: ${sentence} Your settings are unchanged.`,
    );
  });

  it('cuts longer names, so that they never make a second segment', () => {
    const long = { person: 'p'.repeat(100), contact: 'c'.repeat(100) };
    expect(table.alert(long, 'no_reply')).toBe(
      table.alert({ person: 'p'.repeat(30), contact: 'c'.repeat(30) }, 'no_reply'),
    );
  });
});

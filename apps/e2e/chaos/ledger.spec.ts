import { describe, expect, it } from '@jest/globals';
import { texts } from '#libs/domain/texts';
import type { PhoneMessage } from '#libs/testing/phone';
import { count, kindOf, type Member } from './ledger.ts';

const DUE = Date.parse('2026-11-21T18:00:00Z');
const person = '+15550000001';
const contact = '+15550000002';
const member = (temper: Member['temper']): Member => ({
  id: 7,
  phone: person,
  contactPhone: contact,
  temper,
});

let cursor = 0;
const text = (to: string, body: string, direction: PhoneMessage['direction'] = 'outbound'): PhoneMessage => ({
  cursor: ++cursor,
  sid: `SM${cursor}`,
  direction,
  to: direction === 'inbound' ? 'us' : to,
  from: direction === 'inbound' ? to : 'us',
  body,
  status: 'delivered',
  createdAt: new Date(DUE + 1_500).toISOString(),
});
const names = { person: 'Tony', contact: 'Hulk' };
const checkIn = () => text(person, texts.en.checkIn(names));
const good = () => [checkIn(), text(person, 'yes', 'inbound'), text(person, texts.en.goodReply(), 'reply')];
const alarm = () => [
  checkIn(),
  text(person, 'no', 'inbound'),
  text(person, texts.en.badReply(), 'reply'),
  text(contact, texts.en.alert(names, 'bad')),
  text(person, texts.en.reachedOut(names)),
  text(contact, '1', 'inbound'),
  text(contact, texts.en.acknowledgedReply(names), 'reply'),
  text(person, texts.en.acknowledgedToPerson(names)),
];

describe('the ledger', () => {
  it('knows every text that a herd can get', () => {
    expect(kindOf(texts.en.checkIn(names))).toBe('checkIn');
    expect(kindOf(texts.en.followUp())).toBe('followUp');
    for (const cause of ['bad', 'no_reply', 'unreachable'] as const) {
      expect(kindOf(texts.en.alert(names, cause))).toBe('alert');
    }
    expect(kindOf(texts.en.applicationErrorReply())).toBe('apology');
    expect(kindOf(texts.en.allClear(names))).toBe('other');
  });

  it('finds nothing wrong where everything came once', () => {
    expect(count(good(), [member('yes')], DUE)).toMatchObject({
      asked: 1,
      lost: 0,
      doubled: 0,
      unexpected: 0,
      faults: [],
      lateMs: { p50: 1_500 },
    });
    expect(count(alarm(), [member('no')], DUE)).toMatchObject({ alarmsDue: 1, alarmed: 1, faults: [] });
  });

  it('counts what is missing, what came twice and what should not have come', () => {
    expect(count([], [member('yes')], DUE)).toMatchObject({ asked: 0, lost: 1 });
    expect(count([...good(), checkIn()], [member('yes')], DUE)).toMatchObject({ doubled: 1 });
    expect(count([...good(), text(person, '👍')], [member('yes')], DUE)).toMatchObject({ doubled: 1 });
    const alerted = [...good(), text(contact, texts.en.alert(names, 'no_reply'))];
    expect(count(alerted, [member('yes')], DUE)).toMatchObject({ unexpected: 1, doubled: 0 });
    expect(count(alarm().slice(0, 3), [member('no')], DUE)).toMatchObject({ lost: 2, alarmed: 0 });
    expect(count([...alarm(), text(contact, 'Hello')], [member('no')], DUE)).toMatchObject({ unexpected: 1 });
  });

  it('tells a check that came before its tick', () => {
    const { faults } = count(good(), [member('yes')], DUE + 2_000);
    expect(faults).toEqual(['person 7: asked 500 ms before the tick']);
  });
});

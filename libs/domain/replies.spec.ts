import { describe, expect, it } from '@jest/globals';
import { isAcknowledgement, isConsent, readOptOut, readReply } from './replies.ts';

describe('readReply', () => {
  it.each(['yes', 'Yeah', 'YH', 'y', ' yEaH ', '👍', '👍🏽', 'Yes!', 'y.'])('%p is good', (body) =>
    expect(readReply(body)).toBe('good'),
  );
  it.each(['no', 'Nope', 'NAH', 'na', 'n', '\tnO\n', 'help', 'No!!'])('%p is bad', (body) =>
    expect(readReply(body)).toBe('bad'),
  );
  it.each(['', '   ', 'maybe', 'yes and no', 'yesterday', 'not really', 'STOP', '1', '👎', 'y n'])(
    '%p is unclear',
    (body) => expect(readReply(body)).toBe('unclear'),
  );
});

it.each(['1', ' OK ', 'ok!'])('%p acknowledges', (body) => expect(isAcknowledgement(body)).toBe(true));
it.each(['2', 'okay then', 'yes', ''])('%p does not acknowledge', (body) =>
  expect(isAcknowledgement(body)).toBe(false),
);

describe('readOptOut', () => {
  it.each(['STOP', 'stopall', 'Unsubscribe', ' cancel ', 'END', 'quit', 'Revoke', 'optout', 'Stop.'])(
    '%p stops texts',
    (body) => expect(readOptOut(body)).toBe('stop'),
  );
  it.each(['START', ' unstop '])('%p allows them again', (body) => expect(readOptOut(body)).toBe('start'));
  it.each(['yes', 'help', 'stop it', 'please stop', ''])('%p does neither', (body) =>
    expect(readOptOut(body)).toBeNull(),
  );

  it('believes the provider, whose words can be changed, but never takes an answer for less than one', () => {
    expect(readOptOut('arrêt', 'STOP')).toBe('stop');
    expect(readOptOut('encore', 'START')).toBe('start');
    expect(readOptOut('YES', 'START')).toBeNull();
    expect(readOptOut('help', 'HELP')).toBeNull();
  });
});

it('knows the answer that is consent as well', () => {
  expect(['yes', 'YES!', 'yeah', 'y', 'no'].map(isConsent)).toEqual([true, true, false, false, false]);
});

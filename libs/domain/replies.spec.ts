import { describe, expect, it } from '@jest/globals';
import { isAcknowledgement, readOptOut, readReply } from './replies.ts';

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

it.each([
  ['STOP', 'stop'],
  [' cancel ', 'stop'],
  ['quit', 'stop'],
  ['Start', 'start'],
  ['unstop', 'start'],
] as const)('%p belongs to the provider', (body, meaning) => expect(readOptOut(body)).toBe(meaning));
it.each(['yes', 'help', 'stop it'])('%p does not', (body) => expect(readOptOut(body)).toBeNull());

import { expect, it } from '@jest/globals';
import { classifyError, deliveryRank, fromProviderStatus, isPermanent, reachabilityOf } from './delivery.ts';

it.each([
  [20429, 429, 'retry'],
  [null, 429, 'retry'],
  [null, 503, 'retry'],
  [null, null, 'retry'],
  [30008, null, 'retry'],
  [30003, null, 'unreachable'],
  [30004, null, 'unreachable'],
  [21211, 400, 'broken'],
  [21268, 400, 'broken'],
  [21614, 400, 'broken'],
  [21635, 400, 'broken'],
  [30005, null, 'broken'],
  [30006, null, 'broken'],
  [21610, 400, 'opted_out'],
  [20003, 401, 'operator'],
  [30007, null, 'operator'],
  [30032, null, 'operator'],
  [99999, 400, 'operator'],
] as const)('code %p with HTTP %p is %s', (code, status, expected) => {
  expect(classifyError(code, status)).toBe(expected);
  expect(isPermanent(classifyError(code, status))).toBe(expected === 'broken' || expected === 'opted_out');
});

it('lets statuses only move forward', () => {
  const life = ['queued', 'sending', 'accepted', 'sent', 'delivered'] as const;
  const ranks = life.map(deliveryRank);
  expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  expect(deliveryRank('undelivered')).toBe(deliveryRank('delivered'));
});

it('reads the provider’s words and ignores those it does not know', () => {
  expect(fromProviderStatus('sending')).toBe('accepted');
  expect(fromProviderStatus('read')).toBe('delivered');
  expect(fromProviderStatus('receiving')).toBeNull();
  expect(fromProviderStatus('teleported')).toBeNull();
});

it('tells an opt-out from a broken number, and the opt-out first', () => {
  const at = new Date();
  expect(reachabilityOf({ optedOutAt: null, numberBrokenAt: null })).toBe('ok');
  expect(reachabilityOf({ optedOutAt: null, numberBrokenAt: at })).toBe('broken');
  expect(reachabilityOf({ optedOutAt: at, numberBrokenAt: null })).toBe('opted_out');
  expect(reachabilityOf({ optedOutAt: at, numberBrokenAt: at })).toBe('opted_out');
});

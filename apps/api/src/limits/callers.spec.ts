import { describe, expect, it } from '@jest/globals';
import { addressOf, callerOf, credentialOf, digest } from './callers.ts';

describe('an address', () => {
  it.each([
    ['10.0.0.1', 'address:10.0.0.1'],
    ['::ffff:10.0.0.1', 'address:10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', 'address:2001:db8:1:2'],
    ['2001:DB8:1:2::9', 'address:2001:db8:1:2'],
    ['2001:0db8:0001:0002::', 'address:2001:db8:1:2'],
    ['2001:db8::1', 'address:2001:db8:0:0'],
    ['::1', 'address:0:0:0:0'],
    ['fe80::1%eth0', 'address:fe80:0:0:0'],
    ['nonsense', 'address:unknown'],
  ])('%s counts as %s', (ip, expected) => expect(addressOf(ip)).toBe(expected));
});

describe('a credential', () => {
  it.each([
    [{ authorization: 'Bearer a.b.c' }, 'a.b.c'],
    [{ authorization: 'a.b.c' }, 'a.b.c'],
    [{ authorization: ' bearer  krn_1 ' }, 'krn_1'],
    [{ 'x-api-key': 'krn_1', authorization: 'a.b.c' }, 'key krn_1'],
    [{ authorization: '' }, null],
    [{}, null],
  ])('of %j is %j', (headers, expected) => expect(credentialOf({ headers })).toBe(expected));

  it('of a user is the user, of a key the key, and never itself', () => {
    expect(callerOf('a.b.c', { id: 7 })).toBe('user:7');
    expect(callerOf('d.e.f', { id: 7 })).toBe('user:7');
    expect(callerOf('krn_secret', { id: 7 })).toBe(`key:${digest('krn_secret')}`);
    expect(callerOf('krn_secret', { id: 7 })).not.toContain('secret');
  });
});

import { describe, expect, it } from '@jest/globals';
import { newSecret } from '#libs/security/secret';
import { credentialOf } from './credential.ts';

const key = newSecret('kro').value;
const jwt = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln';

describe('the credential of a request', () => {
  it.each([
    [{ authorization: `Bearer ${jwt}` }, { kind: 'token', token: jwt }],
    [{ authorization: `bEARER   ${jwt} ` }, { kind: 'token', token: jwt }],
    [{ authorization: jwt }, { kind: 'token', token: jwt }],
    [{ authorization: `Bearer ${key}` }, { kind: 'key', key }],
    [{ authorization: key }, { kind: 'key', key }],
    [{ 'x-api-key': key }, { kind: 'key', key }],
    [{ 'x-api-key': ` ${key} ` }, { kind: 'key', key }],
    [{ 'x-api-key': 'anything' }, { kind: 'key', key: 'anything' }],
    [
      { 'x-api-key': key, authorization: '' },
      { kind: 'key', key },
    ],
    [
      { 'x-api-key': '', authorization: jwt },
      { kind: 'token', token: jwt },
    ],
    [{ authorization: newSecret('krr').value }, { kind: 'token', token: expect.stringMatching(/^krr_/) }],
    [{}, null],
    [{ authorization: '' }, null],
    [{ authorization: 'Bearer' }, null],
    [{ authorization: 'Basic dXNlcjpwYXNz' }, null],
    [{ authorization: 'Bearer a b' }, null],
    [{ 'x-api-key': '' }, null],
  ])('of %j is %j', (headers, credential) => expect(credentialOf(headers)).toEqual(credential));

  it.each([
    { 'x-api-key': `${key}, ${key}` },
    { 'x-api-key': [key, key] },
    { 'x-api-key': key, authorization: `Bearer ${jwt}` },
    { 'x-api-key': key, authorization: `Bearer ${key}` },
  ])('is refused when it is not one: %j', (headers) => {
    expect(() => credentialOf(headers)).toThrow(expect.objectContaining({ code: 'validation' }));
  });
});

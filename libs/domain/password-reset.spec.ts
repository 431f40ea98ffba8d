import { expect, it } from '@jest/globals';
import { mails } from './mails.ts';
import { plainCode } from './password-reset.ts';

it.each([
  ['12345678', '12345678'],
  [' 1234 5678\n', '12345678'],
  ['1234-5678', '12345678'],
  ['', ''],
])('%j is the code %j', (text, code) => expect(plainCode(text)).toBe(code));

it('tells by mail what the code is good for, and where', () => {
  const { subject, body } = mails.en.passwordCode({ code: '12345678', minutes: 15, link: 'https://k/x' });
  expect(subject).not.toContain('12345678');
  expect(body).toMatch(/12345678.*15 minutes/);
  expect(body).toContain('\nhttps://k/x\n');
});

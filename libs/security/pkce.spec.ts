import { expect, it } from '@jest/globals';
import { isVerifierOf } from './pkce.ts';

// Appendix B of RFC 7636.
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

it.each([
  ['the one that it was made of', challenge, verifier, true],
  ['another one', challenge, `${verifier}x`, false],
  ['the challenge itself', challenge, challenge, false],
  ['one that is the challenge (plain)', verifier, verifier, false],
  ['nothing', challenge, '', false],
  ['one that is too short', challenge, verifier.slice(0, 42), false],
  ['one with other letters', challenge, verifier.replace('-', '+'), false],
])('a challenge is proved by its verifier: %s', (_, given, proof, is) =>
  expect(isVerifierOf(given, proof)).toBe(is),
);

import { digestOf } from './secret.ts';

const VERIFIER = /^[\w.~-]{43,128}$/;

/** Whether a code verifier is the one that a challenge was made of, by S256. Source: RFC 7636, sections 4.1 and 4.6. */
export const isVerifierOf = (challenge: string, verifier: string): boolean =>
  VERIFIER.test(verifier) && digestOf(verifier) === challenge;

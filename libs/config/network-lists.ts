import { isIP } from 'node:net';
import { z } from 'zod';

const RANGE_NAMES = ['loopback', 'linklocal', 'uniquelocal'];
const PROXIES = 'must be false, or addresses and networks like 10.0.0.0/8 with commas between';
const ORIGINS = 'must be origins like https://app.example.com with commas between';

/** Which proxies may say in X-Forwarded-For for whom they ask: none, or those with these addresses. */
export type TrustedProxies = false | string[];

const listOf = (value: string) => value.split(',').map((part) => part.trim());

/**
 * Reads `false`, or a list of addresses, networks and `loopback`, `linklocal`, `uniquelocal`. A number of proxies would not
 * do: who can reach the port past them could then name any address.
 */
export const trustedProxies = z
  .string()
  .trim()
  .transform((value, context): TrustedProxies => {
    if (value.toLowerCase() === 'false') return false;
    const proxies = listOf(value);
    if (!proxies.every(isAddressOrNetwork)) context.addIssue(PROXIES);
    return proxies;
  });

/** Reads a list of web origins; a path, a trailing slash or `*` is refused, because a browser compares by the letter. */
export const webOrigins = z
  .string()
  .trim()
  .transform((value, context): string[] => {
    const origins = listOf(value);
    if (
      !origins.every((each) => /^https?:/.test(each) && URL.canParse(each) && new URL(each).origin === each)
    )
      context.addIssue(ORIGINS);
    return origins;
  });

function isAddressOrNetwork(text: string): boolean {
  if (RANGE_NAMES.includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return (
    most >= 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  );
}

import type { Config } from '#libs/config/config';
import type { Rule } from '#libs/limits/limits';

/** What of the API is limited how. */
export interface LimitRules {
  caller: Rule;
  /** Failed log-ins to one account from one address, from one address, and to one account. */
  loginHere: Rule;
  loginsOfAddress: Rule;
  loginsOfAccount: Rule;
  /** Codes for a forgotten password, asked for from one address, and for one account. */
  codesOfAddress: Rule;
  codesOfAccount: Rule;
  webhook: Rule;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** The rules as they are configured. Together they leave an account open to its owner while somebody else guesses. */
export const limitRules = (limits: Config['limits']): LimitRules => ({
  caller: { name: 'caller', points: limits.perSecond, seconds: 1 },
  loginHere: { name: 'login', points: limits.loginsPerMinute, seconds: MINUTE },
  loginsOfAddress: { name: 'login-address', points: 4 * limits.loginsPerMinute, seconds: MINUTE },
  loginsOfAccount: { name: 'login-account', points: 10 * limits.loginsPerMinute, seconds: MINUTE },
  codesOfAddress: { name: 'code-address', points: 4 * limits.codesPerHour, seconds: HOUR },
  codesOfAccount: { name: 'code-account', points: limits.codesPerHour, seconds: HOUR },
  webhook: { name: 'webhook', points: limits.webhooksPerSecond, seconds: 1 },
});

/** Asked by monitors, scrapers and those who verify tokens: a flood must not make a healthy process look dead. */
const NEVER_LIMITED = new Set([
  '/health',
  '/v1/healthcheck',
  '/metrics',
  '/jwks',
  '/.well-known/jwks.json',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
]);

/** Routes on which passwords and codes can be guessed. */
const LOGIN = new Set([
  '/login',
  '/login/form',
  '/v1/users/sessions',
  '/v1/auth/password/reset',
  '/v1/auth/password/change',
  '/login/reset',
  '/login/change',
]);

/** Routes that send somebody a code; whoever asks, each one counts. */
const CODE = new Set(['/v1/auth/password/forgot', '/login/forgot']);

/** How a path is limited; a final slash says nothing. */
export function kindOf(method: string, path: string): 'never' | 'webhook' | 'login' | 'code' | 'caller' {
  const plain = path.replace(/(?<=.)\/$/, '');
  if (method === 'OPTIONS' || NEVER_LIMITED.has(plain)) return 'never';
  if (plain.startsWith('/webhook/')) return 'webhook';
  if (method !== 'POST') return 'caller';
  return LOGIN.has(plain) ? 'login' : CODE.has(plain) ? 'code' : 'caller';
}

import type { Config } from '#libs/config/config';
import type { Rule } from '#libs/limits/limits';

/** What of the API is limited how. */
export interface LimitRules {
  caller: Rule;
  /** Failed log-ins to one account from one address, from one address, and to one account. */
  loginHere: Rule;
  loginsOfAddress: Rule;
  loginsOfAccount: Rule;
  webhook: Rule;
}

const MINUTE = 60;

/** The rules as they are configured. Together they leave an account open to its owner while somebody else guesses. */
export const limitRules = (limits: Config['limits']): LimitRules => ({
  caller: { name: 'caller', points: limits.perSecond, seconds: 1 },
  loginHere: { name: 'login', points: limits.loginsPerMinute, seconds: MINUTE },
  loginsOfAddress: { name: 'login-address', points: 4 * limits.loginsPerMinute, seconds: MINUTE },
  loginsOfAccount: { name: 'login-account', points: 10 * limits.loginsPerMinute, seconds: MINUTE },
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

/** Routes on which passwords can be guessed. */
const LOGIN = new Set(['/login', '/login/form', '/v1/users/sessions']);

/** How a path is limited; a final slash says nothing. */
export function kindOf(method: string, path: string): 'never' | 'webhook' | 'login' | 'caller' {
  const plain = path.replace(/(?<=.)\/$/, '');
  if (method === 'OPTIONS' || NEVER_LIMITED.has(plain)) return 'never';
  if (plain.startsWith('/webhook/')) return 'webhook';
  return method === 'POST' && LOGIN.has(plain) ? 'login' : 'caller';
}

import { PartFault } from '#libs/domain/health';
import type { TwilioSettings } from './twilio.messenger.ts';

const TWILIO_API = 'https://api.twilio.com';
const LIMIT_MS = 8_000;

/**
 * Resolves when Twilio takes the credentials and lets the account send. Reads the account, which costs nothing and sends
 * nothing. Source: Twilio, "Account resource".
 * @throws PartFault without an id, an address or a secret
 */
export async function lookAtAccount({
  accountSid,
  authToken,
  apiBaseUrl,
}: Omit<TwilioSettings, 'messagingServiceSid'>): Promise<void> {
  const response = await fetch(`${apiBaseUrl ?? TWILIO_API}/2010-04-01/Accounts/${accountSid}.json`, {
    headers: { Authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).catch((error: unknown) => {
    throw new PartFault(
      (error as Error).name === 'TimeoutError' ? 'does not answer in time' : 'does not answer',
    );
  });
  const account = (await response.json().catch(() => null)) as { status?: unknown } | null;
  if (response.status === 401 || response.status === 403) throw new PartFault('refuses the credentials');
  if (response.status === 404) throw new PartFault('does not know the account');
  if (!response.ok) throw new PartFault(`answers with status ${response.status}`);
  if (account?.status === 'suspended' || account?.status === 'closed')
    throw new PartFault(`the account is ${account.status}`);
  if (account?.status !== 'active') throw new PartFault('answers something else than an account');
}

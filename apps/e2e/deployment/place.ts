import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComposeFile } from './compose-file.ts';

/** What the processes of a site are started from. */
export interface Place {
  dir: string;
  root: string;
  file: ComposeFile;
  variables: Record<string, string>;
  relocate: (environment: Record<string, string>) => Record<string, string>;
  ports: { api: number };
  hasRedis: boolean;
}

/** A .env as deploy/make-env.sh would write it, for this site. */
export function madeUpVariables(superuserUrl: string, twilioUrl: string): Record<string, string> {
  const secret = () => randomBytes(24).toString('hex');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    KRONUS_DOMAIN: 'localhost',
    ACME_EMAIL: 'internal',
    KRONUS_PRIVATE_KEY_PEM: privateKey
      .export({ type: 'pkcs8', format: 'pem' })
      .toString()
      .replaceAll('\n', '\\n'),
    KRONUS_BACKUP_PASS_PHRASE: secret(),
    POSTGRES_PASSWORD: new URL(superuserUrl).password,
    ADMIN_PASSWORD: secret(),
    MANAGER_PASSWORD: secret(),
    USER_PASSWORD: secret(),
    TEMPORAL_DATABASE_PASSWORD: secret(),
    TEMPORAL_ENCRYPTION_KEYS: `trial:${randomBytes(32).toString('base64')}`,
    TWILIO_ACCOUNT_SID: `AC${randomBytes(16).toString('hex')}`,
    TWILIO_AUTH_TOKEN: secret(),
    TWILIO_MESSAGING_SERVICE_SID: `MG${randomBytes(16).toString('hex')}`,
    TWILIO_API_BASE_URL: twilioUrl,
    GIT_COMMIT_HASH: 'abc1234',
  };
}

/** Replaces addresses of containers by those that stand for them here, wherever they occur. */
export function relocation(addresses: Record<string, string>): Place['relocate'] {
  return (environment) =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        Object.entries(addresses).reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), value),
      ]),
    );
}

/** What the image sets. */
export const imageEnvironment = ({ root, dir }: Place): Record<string, string> => ({
  NODE_ENV: 'production',
  KRONUS_CACHE_DIR: join(root, 'app/bundles'),
  GIT_COMMIT_HASH: 'abc1234',
  HOME: join(dir, 'home-that-is-not-there'),
  PATH: process.env['PATH'] ?? '',
});

/** What deploy/kronus runs. */
export function kronusArgs({ root }: Place, command: string[]): string[] {
  const line = readFileSync(join(root, 'usr/local/bin/kronus'), 'utf8').match(/^exec node (.*) "\$@"$/m)?.[1];
  if (line === undefined) throw new Error('deploy/kronus should exec node');
  return [...line.split(' ').map((word) => word.replace('/app/', join(root, 'app/'))), ...command];
}

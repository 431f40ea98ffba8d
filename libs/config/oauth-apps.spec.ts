import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { ConfigError, loadConfig, type Config } from './config.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const required = {
  KRONUS_PRIVATE_KEY_PEM: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  KRONUS_PUBLIC_URL: 'https://kronus.example',
  TWILIO_ACCOUNT_SID: 'AC1',
  TWILIO_AUTH_TOKEN: 'x',
  TWILIO_MESSAGING_SERVICE_SID: 'MG1',
  KRONUS_BACKUP_PASS_PHRASE: 'x',
};
const appsOf = (env: NodeJS.ProcessEnv, mode: Config['mode'] = 'production') =>
  loadConfig({ mode, env: { ...required, ...env }, cwd: '/' }).oauth.apps;
function faultsOf(KRONUS_OAUTH_APPS: string): string[] {
  try {
    appsOf({ KRONUS_OAUTH_APPS });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

it('reads apps with their addresses', () => {
  const env = {
    KRONUS_OAUTH_APPS: 'console=https://a.example/cb  https://a.example/?a=b,desk=http://127.0.0.1/cb',
  };
  expect(appsOf(env)).toEqual([
    { id: 'console', redirectUris: ['https://a.example/cb', 'https://a.example/?a=b'] },
    { id: 'desk', redirectUris: ['http://127.0.0.1/cb'] },
  ]);
});

it('knows the console where it is served and developed, and nothing where a code would travel in clear', () => {
  const env = { KRONUS_PUBLIC_URL: 'http://kronus.lan', KRONUS_PORT: '4000' };
  const consoleAt = (...servers: string[]) => [
    {
      id: 'kronus-console',
      redirectUris: servers.flatMap((server) => [`${server}/app/callback`, `${server}/app/`]),
    },
  ];
  expect(appsOf({})).toEqual(consoleAt('https://kronus.example'));
  expect(appsOf(env)).toEqual([]);
  expect(appsOf(env, 'development')).toEqual(
    consoleAt('http://kronus.lan', 'http://localhost:4000', 'http://localhost:5173'),
  );
});

it('needs HTTPS in production, except on the own machine', () => {
  const apps = 'a=http://a.example/cb http://localhost:1/cb http://[::1]/cb';
  expect(faultsOf(apps)).toEqual([
    'kronus.oauth.apps (KRONUS_OAUTH_APPS) must begin with https:// in production: http://a.example/cb',
  ]);
  expect(appsOf({ KRONUS_OAUTH_APPS: apps }, 'development')).toHaveLength(1);
});

it.each([
  'console',
  'console=',
  '=https://a.example/',
  'a b=https://a.example/',
  'a=/callback',
  'a=javascript:alert(1)',
  'a=myapp://callback',
  'a=https://a.example/#x',
  'a=https://u:p@a.example/',
  'a=https://a.example/,',
  'a=https://a.example/,a=https://b.example/',
])('refuses %s', (text) =>
  expect(faultsOf(text)).toEqual([
    expect.stringContaining('kronus.oauth.apps (KRONUS_OAUTH_APPS) must be apps'),
  ]),
);

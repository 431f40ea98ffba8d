import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { environmentOf, readCompose, variableLines } from '#apps/e2e/deployment/compose-file';
import { loadConfig } from '#libs/config/config';

const TWILIO = { TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'token', TWILIO_MESSAGING_SERVICE_SID: 'MG1' };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kronus-env-'));
  mkdirSync(join(root, 'deploy'));
  copyFileSync(fileURLToPath(new URL('./make-env.sh', import.meta.url)), join(root, 'deploy/make-env.sh'));
});
afterEach(() => rmSync(root, { recursive: true }));

const make = (...args: string[]) =>
  spawnSync('sh', [join(root, 'deploy/make-env.sh'), ...args], { encoding: 'utf8' });
const written = () => variableLines(readFileSync(join(root, '.env'), 'utf8'));

describe('make-env.sh', () => {
  it('writes all that docker-compose.yml and Kronus want, but for Twilio', () => {
    expect(make('kronus.example.org', 'us@example.org').status).toBe(0);
    const variables = { ...written(), ...TWILIO };
    const env = environmentOf(readCompose(variables).services['api']!, variables);
    const config = loadConfig({ mode: 'production', env, cwd: '/' });
    expect(config.publicUrl).toBe('https://kronus.example.org');
    expect(config.secretsKey).toBe(written()['KRONUS_SECRETS_KEY']);
    expect(written()).toMatchObject({ ACME_EMAIL: 'us@example.org', TWILIO_AUTH_TOKEN: '' });
    expect(statSync(join(root, '.env')).mode & 0o777).toBe(0o600);
  });

  it('makes new secrets each time', () => {
    make('localhost');
    const first = written();
    rmSync(join(root, '.env'));
    make('localhost');
    const same = Object.entries(written()).filter(([name, value]) => value !== '' && first[name] === value);
    expect(same.map(([name]) => name)).toEqual(['KRONUS_DOMAIN', 'ACME_EMAIL']);
  });

  it('never replaces a .env', () => {
    make('localhost');
    const first = written();
    expect(make('localhost').stderr).toContain('there is a .env already');
    expect(written()).toEqual(first);
  });

  it.each([[[]], [['a', 'b', 'c']]])('tells how it is used when given %j', (args) => {
    const { status, stderr } = make(...args);
    expect([status, stderr]).toEqual([1, expect.stringContaining('usage: ')]);
  });
});

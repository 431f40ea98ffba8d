import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Config, ConfigError, loadConfig } from './config.ts';
import type { Setting } from './setting.ts';
import { settings } from './settings.ts';
import { settingsTable } from './settings-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'kronus-config-spec-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pkcs1 = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
const pkcs8 = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
const indented = (pem: string) => pem.trim().replaceAll('\n', '\n    ');

/** The sample of the original documentation, with its key filled in. */
const sample = (pem = pkcs1) => `
kronus:
  # A valid RSA private key
  privateKeyPem: ${pem === '' ? '' : `|\n    ${indented(pem)}`}
  publicUrl: "https://my-app.com"
  cron:
    timeZone: "America/Toronto"
  listener:
    port: 3900
sqlite:
  passPhrase: passphrase
google:
  storage:
    bucket: "gstorage-bucket-name"
    prefix: "kronus"
    sqliteBackupSchedule: "0 * * * *"
    enableSqliteBackupAndSync: true
  applicationCredentials: "/path/to/google/credentials"
twilio:
  accountSid: AHKX00SXXXXXXXXXXXXXXXXXXX
  authToken: BHKX00SXXXXXXXXXXXXXXXXXXX
  messagingServiceSid: CHKX00SXXXXXXXXXXXXXXXXXXX
`;

let count = 0;
function load(
  yaml: string | undefined,
  env: NodeJS.ProcessEnv = {},
  mode: Config['mode'] = 'production',
): Config {
  const file = join(folder, `config-${count++}.yml`);
  if (yaml !== undefined) writeFileSync(file, yaml);
  return loadConfig({ mode, file: yaml === undefined ? undefined : file, env, cwd: folder });
}
function faultsOf(...args: Parameters<typeof load>): string[] {
  try {
    load(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('loadConfig in production', () => {
  it('takes the sample of the original as it stands', () => {
    const config = load(sample());
    expect(config).toEqual({
      mode: 'production',
      dataDir: join(homedir(), 'kronus'),
      isDataTemporary: false,
      publicUrl: 'https://my-app.com',
      port: 3900,
      host: '0.0.0.0',
      trustProxy: false,
      corsOrigins: [],
      limits: {
        isEnabled: true,
        perSecond: 10,
        loginsPerMinute: 5,
        codesPerHour: 5,
        webhooksPerSecond: 500,
        redisUrl: null,
      },
      audit: { keepDays: 365 },
      timeZone: 'America/Toronto',
      secretsKey: null,
      auth: {
        privateKeyPem: pkcs1.trim(),
        previousPrivateKeyPem: null,
        accessTokenMinutes: 60,
        refreshTokenHours: 24,
        sessionKeyMinutes: 180,
        resetCodeMinutes: 15,
      },
      oauth: {
        apps: [
          {
            id: 'kronus-console',
            redirectUris: ['https://my-app.com/app/callback', 'https://my-app.com/app/'],
          },
        ],
      },
      mail: null,
      database: { url: null, adminUrl: null, readOnlyUrl: null, poolSize: 10 },
      temporal: { address: null, namespace: 'default', apiKey: null, tls: false, encryptionKeys: [] },
      twilio: {
        accountSid: 'AHKX00SXXXXXXXXXXXXXXXXXXX',
        authToken: 'BHKX00SXXXXXXXXXXXXXXXXXXX',
        messagingServiceSid: 'CHKX00SXXXXXXXXXXXXXXXXXXX',
        apiBaseUrl: null,
        messagesPerSecond: null,
      },
      backup: {
        isEnabled: true,
        bucket: 'gstorage-bucket-name',
        folder: join(homedir(), 'kronus/backups'),
        retentionDays: 2,
        drillSchedule: '30 4 * * *',
        restoreOnEmpty: false,
        prefix: 'kronus',
        schedule: '0 * * * *',
        passPhrase: 'passphrase',
        apiEndpoint: null,
        atShutdown: true,
        applicationCredentials: '/path/to/google/credentials',
      },
      metrics: { isEnabled: false, workerPort: null },
      tracing: { endpoint: null },
      heartbeat: { url: null, everyMinutes: 1 },
      minuteMs: 60_000,
      ports: { postgres: null, temporal: null, temporalUi: null, phones: null },
      warnings: [],
    });
  });

  it('names the empty key of the sample, and nothing else', () => {
    expect(faultsOf(sample(''))).toEqual(['kronus.privateKeyPem (KRONUS_PRIVATE_KEY_PEM) is required']);
  });

  it('lists every missing key at once', () => {
    expect(faultsOf(undefined)).toEqual([
      'kronus.privateKeyPem (KRONUS_PRIVATE_KEY_PEM) is required',
      'kronus.publicUrl (KRONUS_PUBLIC_URL) is required',
      'twilio.accountSid (TWILIO_ACCOUNT_SID) is required',
      'twilio.authToken (TWILIO_AUTH_TOKEN) is required',
      'twilio.messagingServiceSid (TWILIO_MESSAGING_SERVICE_SID) is required',
      'backup.passPhrase (KRONUS_BACKUP_PASS_PHRASE) is required',
    ]);
  });

  it('reads names in any case', () => {
    expect(load(sample().replace('publicUrl', 'PUBLICURL').replace('kronus:', 'Kronus:')).publicUrl).toBe(
      'https://my-app.com',
    );
  });

  it('has the documented defaults', () => {
    const config = load(
      sample()
        .replace(/ {2}cron:[\s\S]*?port: 3900\n/, '')
        .replace(/ {4}prefix.*\n[\s\S]*?true\n/, ''),
    );
    expect(config.timeZone).toBe('UTC');
    expect(config.port).toBe(3900);
    expect(config.backup).toMatchObject({ isEnabled: false, prefix: 'kronus', schedule: '*/20 * * * *' });
  });

  it('needs a place for backups only when they are on', () => {
    const bare = sample().replace('bucket: "gstorage-bucket-name"', 'bucket: ""');
    expect(faultsOf(bare)).toEqual([
      'google.storage.bucket (KRONUS_BACKUP_BUCKET) or backup.folder (KRONUS_BACKUP_FOLDER) is required when backups are on',
    ]);
    expect(load(bare, { KRONUS_BACKUP_FOLDER: 'kept' }).backup.folder).toBe(join(folder, 'kept'));
    expect(faultsOf(bare, { KRONUS_BACKUP_ENABLED: 'false' })).toEqual([]);
  });

  it('sends mails only with a sender', () => {
    const url = 'smtp://kronus:secret@mail.example.com:587';
    expect(faultsOf(sample(), { KRONUS_SMTP_URL: url })).toEqual([
      'kronus.smtp.from (KRONUS_SMTP_FROM) is required with kronus.smtp.url (KRONUS_SMTP_URL)',
    ]);
    for (const from of ['kronus@example.com', 'Kronus <kronus@example.com>'])
      expect(load(sample(), { KRONUS_SMTP_URL: url, KRONUS_SMTP_FROM: from }).mail).toEqual({ url, from });
    for (const from of ['kronus', 'a@b, c@d', '<>', 'a@b\r\nBcc: c@d'])
      expect(faultsOf(sample(), { KRONUS_SMTP_URL: url, KRONUS_SMTP_FROM: from })).toEqual([
        'kronus.smtp.from (KRONUS_SMTP_FROM) must be an e-mail address, or a name and <address>',
      ]);
    expect(faultsOf(sample(), { KRONUS_SMTP_URL: 'https://mail.example.com' })).toHaveLength(1);
  });

  it('refuses a shortened minute', () => {
    expect(faultsOf(sample(), { KRONUS_MINUTE_MS: '100' })).toEqual([
      'development.minuteMs (KRONUS_MINUTE_MS) must not be changed in production',
    ]);
    expect(faultsOf(sample(), { KRONUS_MINUTE_MS: '60000' })).toEqual([]);
  });

  it('replaces an unknown time zone by UTC and says so', () => {
    const config = load(sample().replace('America/Toronto', 'Mars/Olympus'));
    expect(config.timeZone).toBe('UTC');
    expect(config.warnings).toEqual([
      'kronus.cron.timeZone (KRONUS_CRON_TIME_ZONE) is not a known time zone: UTC is used',
    ]);
  });

  it.each([
    ['a port out of range', { KRONUS_PORT: '65536' }, 'kronus.listener.port (KRONUS_PORT)'],
    ['a port that is no number', { KRONUS_PORT: '39x' }, 'kronus.listener.port (KRONUS_PORT)'],
    [
      'an address without a scheme',
      { KRONUS_PUBLIC_URL: 'my-app.com' },
      'kronus.publicUrl (KRONUS_PUBLIC_URL)',
    ],
    ['a flag that is neither', { TEMPORAL_TLS: 'yes' }, 'temporal.tls (TEMPORAL_TLS) must be true or false'],
    ['another database', { DATABASE_URL: 'mysql://a:secret@b/c' }, 'database.url (DATABASE_URL)'],
    ['an address without a port', { TEMPORAL_ADDRESS: 'temporal' }, 'temporal.address (TEMPORAL_ADDRESS)'],
    [
      'a schedule that is none',
      { KRONUS_BACKUP_SCHEDULE: '99 * * * *' },
      'google.storage.sqliteBackupSchedule (KRONUS_BACKUP_SCHEDULE)',
    ],
    [
      'no messages at all',
      { TWILIO_MESSAGES_PER_SECOND: '0' },
      'twilio.messagesPerSecond (TWILIO_MESSAGES_PER_SECOND)',
    ],
  ])('refuses %s', (_, env, start) => {
    const faults = faultsOf(sample(), env);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(start);
    expect(faults[0]).not.toContain('secret');
  });
});

describe('the network around', () => {
  it.each([
    ['false', false],
    ['loopback, 10.0.0.0/8,2001:db8::1', ['loopback', '10.0.0.0/8', '2001:db8::1']],
  ])('trusts the proxies %s', (text, expected) =>
    expect(load(sample(), { KRONUS_TRUST_PROXY: text }).trustProxy).toEqual(expected),
  );

  it.each(['true', '1', '10.0.0.0/33', 'proxy.example.com', '1.2.3.4,', '1.2.3.4/8/8'])(
    'does not trust %s',
    (text) =>
      expect(faultsOf(sample(), { KRONUS_TRUST_PROXY: text })).toEqual([
        expect.stringContaining('kronus.listener.trustProxy (KRONUS_TRUST_PROXY) must be false'),
      ]),
  );

  it('lets the origins in that are named', () => {
    const env = { KRONUS_CORS_ORIGINS: 'https://a.example, http://localhost:3000' };
    expect(load(sample(), env).corsOrigins).toEqual(['https://a.example', 'http://localhost:3000']);
  });

  it.each(['*', 'https://a.example/', 'https://a.example/x', 'a.example', 'null', 'https://A.example'])(
    'refuses the origin %s',
    (text) =>
      expect(faultsOf(sample(), { KRONUS_CORS_ORIGINS: text })).toEqual([
        expect.stringContaining('kronus.cors.origins (KRONUS_CORS_ORIGINS) must be origins'),
      ]),
  );
});

describe('the private key', () => {
  it.each([
    ['PKCS#1', pkcs1],
    ['PKCS#8', pkcs8],
    ['one-line', pkcs8.replaceAll('\n', '\\n')],
  ])('may be %s', (_, pem) => {
    expect(load(sample(''), { KRONUS_PRIVATE_KEY_PEM: pem }).auth.privateKeyPem).toMatch(
      /^-----BEGIN [\s\S]*-----$/,
    );
  });

  const pem = (key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer }) =>
    key.export({ type: 'pkcs8', format: 'pem' }).toString();
  it.each([
    ['short', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /at least 2048 bits$/],
    ['of another kind', pem(generateKeyPairSync('ed25519').privateKey), /must be an RSA private key/],
    ['not a key', 'hunter2', /must be an RSA private key/],
  ])('is refused when it is %s, without being shown', (_, text, message) => {
    const faults = faultsOf(sample(''), { KRONUS_PRIVATE_KEY_PEM: text });
    expect(faults).toEqual([expect.stringMatching(message)]);
    expect(faults[0]).not.toContain(text);
  });
});

describe('the encryption keys', () => {
  const key = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64');
  const keysOf = (text: string) => load(sample(), { TEMPORAL_ENCRYPTION_KEYS: text }).temporal.encryptionKeys;

  it('keep their order', () => {
    expect(keysOf(`2026-11:${key(2)}, old:${key(1)}`)).toEqual([
      { id: '2026-11', key: key(2) },
      { id: 'old', key: key(1) },
    ]);
  });

  it.each([
    ['without an id', key(1), 'key 1 has no id'],
    ['short', `a:${key(1, 16)}`, 'key 1 has 16 bytes'],
    ['long', `a:${key(1)},b:${key(2, 33)}`, 'key 2 has 33 bytes'],
    ['not base64', 'a:hunter2!', 'key 1 is not base64'],
    ['of one id', `a:${key(1)},a:${key(2)}`, 'key 2 has the id "a" again'],
    ['empty at the end', `a:${key(1)},`, 'key 2 has no id'],
    [
      'wrong in several ways',
      `a:${key(1, 2)},a:x`,
      'key 1 has 2 bytes, key 2 has the id "a" again, key 2 is not base64',
    ],
  ])('are refused when they are %s, without being shown', (_, text, what) => {
    const faults = faultsOf(sample(), { TEMPORAL_ENCRYPTION_KEYS: text });
    expect(faults).toEqual([expect.stringContaining(what)]);
    expect(faults[0]).toContain('temporal.encryptionKeys (TEMPORAL_ENCRYPTION_KEYS) must be a list');
    for (const secret of [key(1), key(2), 'hunter2']) expect(faults[0]).not.toContain(secret);
  });
});

describe('the key of secrets', () => {
  const key = (length: number) => Buffer.alloc(length, 1).toString('base64');

  it('is taken as it is', () => {
    expect(load(sample(), { KRONUS_SECRETS_KEY: ` ${key(32)} ` }).secretsKey).toBe(key(32));
  });

  it.each([
    [key(16), 'it has 16 bytes'],
    [key(33), 'it has 33 bytes'],
    ['hunter2!', 'it is not base64'],
  ])('is refused without being shown: %s', (text, what) => {
    const [fault, ...others] = faultsOf(sample(), { KRONUS_SECRETS_KEY: text });
    expect(others).toEqual([]);
    expect(fault).toBe(`kronus.secretsKey (KRONUS_SECRETS_KEY) must be base64 of 32 bytes: ${what}`);
  });
});

describe('the config file', () => {
  it('is named when it cannot be read', () => {
    expect(() => loadConfig({ mode: 'production', file: 'absent.yml', env: {}, cwd: folder })).toThrow(
      `unable to read server config file: ${join(folder, 'absent.yml')}: no such file or directory`,
    );
  });

  it('may not hold unknown keys, lists or sections in place of values', () => {
    const yaml = `${sample()}\ndatabase:\n  uri: x\n  url: [a]\ntemporal: here\nbackup:\n  schedule:\n    every: day\nextra: 1\n`;
    expect(faultsOf(yaml)).toEqual(['database.url must be a single value, not a list']);
    expect(faultsOf(yaml.replace('[a]', '""'))).toEqual([
      'database.uri is not a known setting',
      'temporal must be a section of keys and values',
      'backup.schedule.every is not a known setting',
      'extra is not a known setting',
    ]);
  });

  it('may not say the same thing twice', () => {
    expect(faultsOf(`${sample()}\nbackup:\n  passPhrase: other\n`)).toEqual([
      'backup.passPhrase and sqlite.passPhrase mean the same: keep one of them',
    ]);
    expect(faultsOf(sample().replace('publicUrl:', 'publicURL: "https://a.b"\n  publicUrl:'))).toEqual([
      'kronus.publicUrl is given twice in the config file',
    ]);
  });

  it('shows nothing of itself when it is broken', () => {
    const faults = faultsOf('twilio:\n  authToken: "hunter2\n  other: *hunter2\n');
    expect(faults[0]).toMatch(/^config file is not valid YAML at line \d+/);
    expect(faults.join()).not.toContain('hunter2');
    expect(faultsOf('twilio:\n  authToken: *hunter2\n').join()).not.toContain('hunter2');
  });

  it('keeps digits of texts as written', () => {
    expect(load(sample().replace('BHKX00SXXXXXXXXXXXXXXXXXXX', '00123')).twilio.authToken).toBe('00123');
  });

  it('may be empty', () => {
    expect(load('# nothing yet\n', {}, 'development').port).toBe(3900);
  });
});

describe('the environment', () => {
  it('has a variable of its own for every setting', () => {
    const names = settings.map(({ env }) => env);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[A-Z][A-Z_]+$/.test(name))).toBe(true);
  });

  it('wins over the file, and counts as absent when blank', () => {
    const env = { KRONUS_PORT: '4000', KRONUS_PUBLIC_URL: ' ', KRONUS_DATA_DIR: 'kept' };
    expect(load(sample(), env)).toMatchObject({
      port: 4000,
      publicUrl: 'https://my-app.com',
      dataDir: join(folder, 'kept'),
    });
  });

  it('turns TLS on with an API key', () => {
    expect(
      load(sample(), { TEMPORAL_API_KEY: 'k', TEMPORAL_ADDRESS: 'a.tmprl.cloud:7233' }).temporal,
    ).toEqual({
      address: 'a.tmprl.cloud:7233',
      namespace: 'default',
      apiKey: 'k',
      tls: true,
      encryptionKeys: [],
    });
  });

  it('sets the ports of the embedded servers', () => {
    const env = {
      KRONUS_POSTGRES_PORT: '1',
      KRONUS_TEMPORAL_PORT: '2',
      KRONUS_TEMPORAL_UI_PORT: '3',
      KRONUS_PHONES_PORT: '4',
    };
    expect(load(undefined, env, 'development').ports).toEqual({
      postgres: 1,
      temporal: 2,
      temporalUi: 3,
      phones: 4,
    });
  });
});

describe('the other modes', () => {
  it('development needs nothing', () => {
    expect(load(undefined, {}, 'development')).toMatchObject({
      dataDir: join(folder, '.kronus/dev'),
      publicUrl: 'http://localhost:3900',
      host: '127.0.0.1',
      timeZone: 'America/Toronto',
      auth: { privateKeyPem: null },
      backup: { isEnabled: true, bucket: null, passPhrase: 'passphrase' },
      minuteMs: 60_000,
    });
    expect(load(undefined, {}, 'development').twilio.accountSid).toMatch(/^AC0{32}$/);
  });

  it('test has a fresh folder each time, unless told', () => {
    const [one, two] = [load(undefined, {}, 'test'), load(undefined, { KRONUS_MINUTE_MS: '50' }, 'test')];
    expect(existsSync(one.dataDir) && existsSync(two.dataDir)).toBe(true);
    expect(one.dataDir).not.toBe(two.dataDir);
    expect(one.isDataTemporary).toBe(true);
    expect(two.minuteMs).toBe(50);
    for (const { dataDir } of [one, two]) rmSync(dataDir, { recursive: true });
    expect(load(undefined, { KRONUS_DATA_DIR: folder }, 'test')).toMatchObject({
      dataDir: folder,
      isDataTemporary: false,
    });
  });

  it('gives an object nobody can change', () => {
    const config = load(undefined, {}, 'development');
    expect(() => Object.assign(config.twilio, { authToken: 'other' })).toThrow(TypeError);
    expect(() => config.warnings.push('more')).toThrow(TypeError);
  });

  it.each(['development', 'test'] as const)('has defaults that are valid in %s', (mode) => {
    for (const setting of settings as readonly Setting[]) {
      const text = typeof setting.default === 'string' ? setting.default : setting.default?.[mode];
      if (text !== undefined)
        expect([setting.key, setting.schema.safeParse(text).success]).toEqual([setting.key, true]);
    }
  });
});

describe('settingsTable', () => {
  it('has a row for every setting and shows no secret default of production', () => {
    const rows = settingsTable().split('\n');
    expect(rows).toHaveLength(settings.length + 2);
    expect(rows).toContain(
      '| `kronus.listener.port` | `KRONUS_PORT` | `3900` | Port of the HTTP API; 0 takes a free one. |',
    );
    expect(new Set(rows.map((row) => row.split(/(?<!\\)\|/).length))).toEqual(new Set([6]));
  });
});

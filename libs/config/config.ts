import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RegisteredApp } from '#libs/domain/authorization';
import { isKnownTimeZone } from '#libs/domain/cadence';
import { ConfigError } from './config-error.ts';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import type { TrustedProxies } from './network-lists.ts';
import { defaultOauthApps, unsafeRedirects } from './oauth-apps.ts';
import type { Mode, Setting } from './setting.ts';
import { type SettingKey, type SettingValue, settings } from './settings.ts';

export { ConfigError } from './config-error.ts';

/** Everything the process was told, validated; frozen in depth. */
export interface Config {
  mode: Mode;
  /** Absolute path of the folder of everything kept. */
  dataDir: string;
  /** Whether `dataDir` was made for this run (test mode, none configured), and is the caller's to remove. */
  isDataTemporary: boolean;
  /** Public address without a trailing slash. */
  publicUrl: string;
  port: number;
  host: string;
  /** Which proxies are believed when they say whose request it is. */
  trustProxy: TrustedProxies;
  /** Origins of other web sites that may call the API. */
  corsOrigins: readonly string[];
  /** How much a caller may ask; `redisUrl` null means that each process counts for itself. */
  limits: {
    isEnabled: boolean;
    perSecond: number;
    loginsPerMinute: number;
    codesPerHour: number;
    webhooksPerSecond: number;
    redisUrl: string | null;
  };
  audit: { keepDays: number };
  /** An IANA zone this process knows. */
  timeZone: string;
  /** Base64; null means that no tokens of clients can be stored. */
  secretsKey: string | null;
  /**
   * `privateKeyPem` is null only outside production: the key is then made and kept in `dataDir`. The previous one may
   * be a public key.
   */
  auth: {
    privateKeyPem: string | null;
    previousPrivateKeyPem: string | null;
    accessTokenMinutes: number;
    refreshTokenHours: number;
    sessionKeyMinutes: number;
    resetCodeMinutes: number;
  };
  /** The apps that people may log in to with their browser. */
  oauth: { apps: readonly RegisteredApp[] };
  /** Null means that no e-mails are sent. */
  mail: { url: string; from: string } | null;
  /** `url` null means the embedded server; the other two fall back to `url`. */
  database: { url: string | null; adminUrl: string | null; readOnlyUrl: string | null; poolSize: number };
  /** `address` null means the embedded server; an API key implies TLS; of the keys (base64) the first encrypts. */
  temporal: {
    address: string | null;
    namespace: string;
    apiKey: string | null;
    tls: boolean;
    encryptionKeys: { id: string; key: string }[];
  };
  twilio: {
    accountSid: string;
    authToken: string;
    messagingServiceSid: string;
    apiBaseUrl: string | null;
    messagesPerSecond: number | null;
  };
  /** `bucket` null means `folder`; `prefix` has no slash at either end. */
  backup: {
    isEnabled: boolean;
    bucket: string | null;
    folder: string;
    retentionDays: number;
    drillSchedule: string;
    restoreOnEmpty: boolean;
    atShutdown: boolean;
    prefix: string;
    schedule: string;
    passPhrase: string;
    applicationCredentials: string | null;
    apiEndpoint: string | null;
  };
  /** `workerPort` null means that a process with a worker serves none of its own. */
  metrics: { isEnabled: boolean; workerPort: number | null };
  /** `endpoint` null means that nothing is traced. */
  tracing: { endpoint: string | null };
  /** `url` null means that no watchdog is called. */
  heartbeat: { url: string | null; everyMinutes: number };
  /** How long a minute of waiting takes, in milliseconds; 60000 in production. */
  minuteMs: number;
  /** Ports of the embedded servers; null means a free one. */
  ports: {
    postgres: number | null;
    temporal: number | null;
    temporalUi: number | null;
    phones: number | null;
  };
  /** Sentences for the operator about settings that were replaced. */
  warnings: string[];
}

/** Where the settings come from; relative paths start at `cwd`. */
interface ConfigSource {
  mode: Mode;
  file?: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

const realMinuteMs = 60_000;

/**
 * Reads config file and environment (which wins) into one frozen object.
 * @throws ConfigError with every fault at once.
 */
export function loadConfig(source: ConfigSource): Config {
  const { mode, env, cwd } = source;
  const file: ConfigFile = source.file
    ? readConfigFile(resolve(cwd, source.file))
    : { values: new Map(), faults: [] };
  if (file.faults.length > 0) throw new ConfigError(file.faults);

  const faults = unknownKeys(file);
  const warnings: string[] = [];
  const values = new Map(settings.map((setting) => [setting.key, read(setting, mode, file, env, faults)]));
  const value = <Key extends SettingKey>(key: Key) => values.get(key) as SettingValue<Key> | undefined;
  const must = <Key extends SettingKey>(key: Key) => values.get(key) as SettingValue<Key>;

  const isBackupEnabled = must('backup.enabled');
  const [smtpUrl, smtpFrom] = [value('kronus.smtp.url'), value('kronus.smtp.from')];
  const sender = nameOf('kronus.smtp.from');
  // One that was given and is wrong is a fault already.
  if (smtpUrl && !smtpFrom && !faults.some((fault) => fault.startsWith(sender)))
    faults.push(`${sender} is required with ${nameOf('kronus.smtp.url')}`);
  if (mode === 'production') {
    for (const uri of unsafeRedirects(value('kronus.oauth.apps') ?? [])) {
      faults.push(`${nameOf('kronus.oauth.apps')} must begin with https:// in production: ${uri}`);
    }
    if (isBackupEnabled && !value('google.storage.bucket') && !value('backup.folder')) {
      faults.push(
        `${nameOf('google.storage.bucket')} or ${nameOf('backup.folder')} is required when backups are on`,
      );
    }
    if (value('development.minuteMs') !== undefined && must('development.minuteMs') !== realMinuteMs) {
      faults.push(`${nameOf('development.minuteMs')} must not be changed in production`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);

  const port = must('kronus.listener.port');
  const publicUrl = value('kronus.publicUrl') ?? `http://localhost:${port}`;
  const dataDir = dataDirOf(value('kronus.dataDir'), mode, cwd);
  const backupFolder = value('backup.folder');
  const apiKey = value('temporal.apiKey') ?? null;
  return freeze({
    mode,
    dataDir,
    isDataTemporary: mode === 'test' && value('kronus.dataDir') === undefined,
    publicUrl,
    port,
    host: must('kronus.listener.host'),
    trustProxy: must('kronus.listener.trustProxy'),
    corsOrigins: value('kronus.cors.origins') ?? [],
    limits: {
      isEnabled: must('kronus.limits.enabled'),
      perSecond: must('kronus.limits.perSecond'),
      loginsPerMinute: must('kronus.limits.loginsPerMinute'),
      codesPerHour: must('kronus.limits.codesPerHour'),
      webhooksPerSecond: must('kronus.limits.webhooksPerSecond'),
      redisUrl: value('redis.url') ?? null,
    },
    audit: { keepDays: must('kronus.audit.keepDays') },
    timeZone: knownTimeZone(must('kronus.cron.timeZone'), warnings),
    auth: {
      privateKeyPem: value('kronus.privateKeyPem') ?? null,
      previousPrivateKeyPem: value('kronus.previousPrivateKeyPem') ?? null,
      accessTokenMinutes: must('kronus.auth.accessTokenMinutes'),
      refreshTokenHours: must('kronus.auth.refreshTokenHours'),
      sessionKeyMinutes: must('kronus.auth.sessionKeyMinutes'),
      resetCodeMinutes: must('kronus.auth.resetCodeMinutes'),
    },
    oauth: {
      apps:
        value('kronus.oauth.apps') ??
        defaultOauthApps({ isProduction: mode === 'production', publicUrl, port }),
    },
    mail: smtpUrl && smtpFrom ? { url: smtpUrl, from: smtpFrom } : null,
    secretsKey: value('kronus.secretsKey') ?? null,
    database: databaseOf(value),
    temporal: {
      address: value('temporal.address') ?? null,
      namespace: must('temporal.namespace'),
      apiKey,
      tls: apiKey !== null || must('temporal.tls'),
      encryptionKeys: value('temporal.encryptionKeys') ?? [],
    },
    twilio: {
      accountSid: must('twilio.accountSid'),
      authToken: must('twilio.authToken'),
      messagingServiceSid: must('twilio.messagingServiceSid'),
      apiBaseUrl: value('twilio.apiBaseUrl') ?? null,
      messagesPerSecond: value('twilio.messagesPerSecond') ?? null,
    },
    backup: {
      isEnabled: isBackupEnabled,
      bucket: value('google.storage.bucket') ?? null,
      folder: backupFolder === undefined ? join(dataDir, 'backups') : resolve(cwd, backupFolder),
      retentionDays: must('backup.retentionDays'),
      drillSchedule: must('backup.drillSchedule'),
      restoreOnEmpty: must('backup.restoreOnEmpty'),
      atShutdown: must('backup.atShutdown'),
      prefix: must('google.storage.prefix'),
      schedule: must('backup.schedule'),
      passPhrase: must('backup.passPhrase'),
      applicationCredentials: value('google.applicationCredentials') ?? null,
      apiEndpoint: value('google.storage.apiEndpoint') ?? null,
    },
    metrics: {
      isEnabled: must('kronus.metrics.enabled'),
      workerPort: value('kronus.worker.metricsPort') ?? null,
    },
    tracing: { endpoint: value('kronus.tracing.endpoint') ?? null },
    heartbeat: {
      url: value('kronus.heartbeat.url') ?? null,
      everyMinutes: must('kronus.heartbeat.everyMinutes'),
    },
    minuteMs: must('development.minuteMs'),
    ports: {
      postgres: value('development.ports.postgres') ?? null,
      temporal: value('development.ports.temporal') ?? null,
      temporalUi: value('development.ports.temporalUi') ?? null,
      phones: value('development.ports.phones') ?? null,
    },
    warnings,
  });
}

/** The part of the configuration that commands need which only work on the database. */
export type DatabaseConfig = Pick<Config, 'dataDir' | 'database'> & { postgresPort: number | null };

const DATABASE_SETTINGS = /^(database\.|kronus\.dataDir$|development\.ports\.postgres$)/;

/**
 * Reads what is about the database only, so that a machine which just migrates needs no other secret.
 * @throws ConfigError with every fault at once.
 */
export function loadDatabaseConfig({ mode, env, cwd, ...source }: ConfigSource): DatabaseConfig {
  const file: ConfigFile = source.file
    ? readConfigFile(resolve(cwd, source.file))
    : { values: new Map(), faults: [] };
  const faults = [...file.faults];
  const wanted = settings.filter(({ key }) => DATABASE_SETTINGS.test(key));
  const values = new Map<SettingKey, unknown>(
    wanted.map((setting) => [setting.key, read(setting, mode, file, env, faults)]),
  );
  if (faults.length > 0) throw new ConfigError(faults);
  const value = <Key extends SettingKey>(key: Key) => values.get(key) as SettingValue<Key> | undefined;
  return freeze({
    dataDir: dataDirOf(value('kronus.dataDir'), mode, cwd),
    database: databaseOf(value),
    postgresPort: value('development.ports.postgres') ?? null,
  });
}

type Value = <Key extends SettingKey>(key: Key) => SettingValue<Key> | undefined;

const databaseOf = (value: Value): Config['database'] => ({
  url: value('database.url') ?? null,
  adminUrl: value('database.adminUrl') ?? null,
  readOnlyUrl: value('database.readOnlyUrl') ?? null,
  poolSize: value('database.poolSize') as number,
});

function read(
  setting: Setting,
  mode: Mode,
  file: ConfigFile,
  env: NodeJS.ProcessEnv,
  faults: string[],
): unknown {
  const given = [setting.key, ...(setting.aliases ?? [])].flatMap(
    (key) => file.values.get(key.toLowerCase()) ?? [],
  );
  const [inFile, another] = given.filter(({ text }) => text !== '');
  if (inFile && another) {
    faults.push(`${inFile.path} and ${another.path} mean the same: keep one of them`);
    return undefined;
  }
  const fallback = typeof setting.default === 'string' ? setting.default : setting.default?.[mode];
  const text = env[setting.env]?.trim() ? env[setting.env] : (inFile?.text ?? fallback);
  const name = nameOf(inFile?.path ?? given[0]?.path ?? setting.key, setting.env);
  if (text === undefined) {
    if (setting.isRequired && mode === 'production') faults.push(`${name} is required`);
    return undefined;
  }
  const parsed = setting.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  faults.push(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  return undefined;
}

function nameOf(key: string, env?: string): string {
  return `${key} (${env ?? settings.find((setting) => setting.key === key)?.env})`;
}

function unknownKeys(file: ConfigFile): string[] {
  const paths = settings.flatMap((setting: Setting) => [setting.key, ...(setting.aliases ?? [])]);
  const known = new Set(paths.map((path) => path.toLowerCase()));
  const isSection = (path: string) => [...known].some((key) => key.startsWith(`${path}.`));
  return [...file.values].flatMap(([key, { path, text }]) => {
    if (known.has(key)) return [];
    if (!isSection(key)) return [`${path} is not a known setting`];
    return text === '' ? [] : [`${path} must be a section of keys and values`];
  });
}

function dataDirOf(given: string | undefined, mode: Mode, cwd: string): string {
  if (given !== undefined) return resolve(cwd, given.replace(/^~(?=\/|$)/, homedir()));
  if (mode === 'production') return join(homedir(), 'kronus');
  if (mode === 'development') return resolve(cwd, '.kronus/dev');
  return mkdtempSync(join(tmpdir(), 'kronus-test-'));
}

function knownTimeZone(name: string, warnings: string[]): string {
  if (isKnownTimeZone(name)) return name;
  warnings.push(`${nameOf('kronus.cron.timeZone')} is not a known time zone: UTC is used`);
  return 'UTC';
}

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part);
  return Object.freeze(value);
}

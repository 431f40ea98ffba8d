import { createPrivateKey, createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { isValidCron } from '#libs/domain/cadence';
import { encryptionKey, encryptionKeys } from './encryption-keys.ts';
import { trustedProxies, webOrigins } from './network-lists.ts';
import { oauthApps } from './oauth-apps.ts';
import { flag, portNumber, rsaPem, text, urlOf, webUrl, wholeNumber } from './setting.schemas.ts';

/** How the process runs; development and test bring working values for everything that production requires. */
export type Mode = 'production' | 'development' | 'test';

/** One setting as text from config.yml or the environment, and how to read it. */
export interface Setting {
  /** Where it stands in config.yml; upper and lower case are the same. */
  key: string;
  /** The environment variable, which wins over the file. */
  env: string;
  /** Other places in config.yml that mean the same. */
  aliases?: readonly string[];
  /** The text taken when neither file nor environment has one; absent: none. */
  default?: string | Partial<Record<Mode, string>>;
  /** What the documentation shows when the default is worked out by the loader. */
  derivedDefault?: string;
  /** Whether production refuses to start without it. */
  isRequired?: true;
  /** One sentence for the documentation. */
  doc: string;
  /** Whether the value must never be shown. */
  secret?: true;
  /** Turns the text into the value; its message completes the sentence "<key> …" and never holds the text. */
  schema: z.ZodType<unknown, string>;
}

const postgresUrl = urlOf(['postgres:', 'postgresql:'], 'must be an address that begins with postgres://');
const cronSchedule = text.refine(isValidCron, 'must be a cron expression of five fields, like */20 * * * *');

/** Every setting there is, in the order of the documentation. */
export const settings = [
  {
    key: 'kronus.privateKeyPem',
    env: 'KRONUS_PRIVATE_KEY_PEM',
    derivedDefault: 'development and test: made once and kept in the data folder',
    isRequired: true,
    secret: true,
    doc: 'RSA private key (PKCS#1 or PKCS#8 PEM, at least 2048 bits) that signs the access tokens.',
    schema: rsaPem(
      createPrivateKey,
      'an RSA private key in PEM form (PKCS#1 or PKCS#8, without a pass phrase)',
    ),
  },
  {
    key: 'kronus.previousPrivateKeyPem',
    env: 'KRONUS_PREVIOUS_PRIVATE_KEY_PEM',
    secret: true,
    doc: 'Another RSA key, or only its public half, whose access tokens are taken as well, while keys are changed.',
    schema: rsaPem(createPublicKey, 'an RSA key in PEM form, private (without a pass phrase) or public'),
  },
  {
    key: 'kronus.publicUrl',
    env: 'KRONUS_PUBLIC_URL',
    derivedDefault: 'development and test: http://localhost and the port',
    isRequired: true,
    doc: 'Public address of this server; Twilio signs its webhooks over it.',
    schema: webUrl,
  },
  {
    key: 'kronus.cron.timeZone',
    env: 'KRONUS_CRON_TIME_ZONE',
    default: { production: 'UTC', development: 'America/Toronto', test: 'UTC' },
    doc: 'IANA time zone of people who have set none of their own; an unknown one becomes UTC with a warning.',
    schema: text,
  },
  {
    key: 'kronus.listener.port',
    env: 'KRONUS_PORT',
    default: '3900',
    doc: 'Port of the HTTP API; 0 takes a free one.',
    schema: portNumber,
  },
  {
    key: 'kronus.listener.host',
    env: 'KRONUS_HOST',
    default: { production: '0.0.0.0', development: '127.0.0.1', test: '127.0.0.1' },
    doc: 'Network address the HTTP API listens on.',
    schema: text,
  },
  {
    key: 'kronus.listener.trustProxy',
    env: 'KRONUS_TRUST_PROXY',
    default: 'false',
    doc: 'Which proxies are believed when they say whose request it is (X-Forwarded-For): `false`, or their addresses and networks with commas between.',
    schema: trustedProxies,
  },
  {
    key: 'kronus.cors.origins',
    env: 'KRONUS_CORS_ORIGINS',
    derivedDefault: 'none: no other site',
    doc: 'Web sites whose pages may call the API, as origins with commas between.',
    schema: webOrigins,
  },
  {
    key: 'kronus.limits.enabled',
    env: 'KRONUS_LIMITS_ENABLED',
    default: { production: 'true', development: 'true', test: 'false' },
    doc: 'Whether a caller who asks too much is answered 429.',
    schema: flag,
  },
  {
    key: 'kronus.limits.perSecond',
    env: 'KRONUS_LIMITS_PER_SECOND',
    default: '10',
    doc: 'Most requests a second of one caller: an API key, a user, else an address.',
    schema: wholeNumber(1, 100_000),
  },
  {
    key: 'kronus.limits.loginsPerMinute',
    env: 'KRONUS_LIMITS_LOGINS_PER_MINUTE',
    default: '5',
    doc: 'Most failed log-ins a minute to one account from one address; 4 times as many from one address, 10 times as many to one account.',
    schema: wholeNumber(1, 10_000),
  },
  {
    key: 'kronus.limits.codesPerHour',
    env: 'KRONUS_LIMITS_CODES_PER_HOUR',
    default: '5',
    doc: 'Most codes for a forgotten password an hour to one account; 4 times as many from one address.',
    schema: wholeNumber(1, 1000),
  },
  {
    key: 'kronus.limits.webhooksPerSecond',
    env: 'KRONUS_LIMITS_WEBHOOKS_PER_SECOND',
    default: '500',
    doc: "Most of Twilio's signed webhooks a second.",
    schema: wholeNumber(1, 100_000),
  },
  {
    key: 'redis.url',
    env: 'REDIS_URL',
    derivedDefault: 'none: each process counts for itself',
    secret: true,
    doc: 'Address of Redis, redis://user:password@host:port, in which all API processes count requests together.',
    schema: urlOf(['redis:', 'rediss:'], 'must be an address that begins with redis:// or rediss://'),
  },
  {
    key: 'kronus.audit.keepDays',
    env: 'KRONUS_AUDIT_KEEP_DAYS',
    default: '365',
    doc: 'For how many days the audit log keeps its entries.',
    schema: wholeNumber(1, 3650),
  },
  {
    key: 'kronus.auth.accessTokenMinutes',
    env: 'KRONUS_ACCESS_TOKEN_MINUTES',
    default: '60',
    doc: 'Life of an access token in minutes.',
    schema: wholeNumber(1, 1440),
  },
  {
    key: 'kronus.secretsKey',
    env: 'KRONUS_SECRETS_KEY',
    derivedDefault: 'none: no tokens of clients can be stored',
    secret: true,
    doc: 'Key that the tokens in the settings of clients are encrypted with, base64 of 32 bytes.',
    schema: encryptionKey,
  },
  {
    key: 'kronus.auth.refreshTokenHours',
    env: 'KRONUS_REFRESH_TOKEN_HOURS',
    default: '24',
    doc: 'Hours after which a session ends when nobody refreshes it; one in a browser ends then in any case.',
    schema: wholeNumber(1, 8760),
  },
  {
    key: 'kronus.auth.sessionKeyMinutes',
    env: 'KRONUS_SESSION_KEY_MINUTES',
    default: '180',
    doc: 'Life of the key that `POST /v1/users/sessions` gives, in minutes.',
    schema: wholeNumber(1, 1440),
  },
  {
    key: 'kronus.auth.resetCodeMinutes',
    env: 'KRONUS_RESET_CODE_MINUTES',
    default: '15',
    doc: 'Life of the code that a forgotten password is set anew by, in minutes.',
    schema: wholeNumber(1, 60),
  },
  {
    key: 'kronus.smtp.url',
    env: 'KRONUS_SMTP_URL',
    derivedDefault: 'none: no e-mails are sent',
    secret: true,
    doc: 'Server that e-mails about passwords are sent through, smtp://user:password@host:port (TLS when it offers it) or smtps://… (TLS from the start).',
    schema: urlOf(['smtp:', 'smtps:'], 'must be an address that begins with smtp:// or smtps://'),
  },
  {
    key: 'kronus.smtp.from',
    env: 'KRONUS_SMTP_FROM',
    derivedDefault: 'none; required with kronus.smtp.url',
    doc: 'Sender of the e-mails, an address or `Name <address>`.',
    schema: text.regex(
      /^[^<>@\r\n]*<?[^\s<>@]+@[^\s<>@]+>?$/,
      'must be an e-mail address, or a name and <address>',
    ),
  },
  {
    key: 'kronus.oauth.apps',
    env: 'KRONUS_OAUTH_APPS',
    derivedDefault:
      'the console, `kronus-console`, at `/app/callback` and `/app/` of kronus.publicUrl (in production only with HTTPS)',
    doc: 'Apps that people may log in to with their browser (OAuth 2.0), as `<client id>=<redirect URI> <redirect URI> …` with commas between.',
    schema: oauthApps,
  },
  {
    key: 'kronus.metrics.enabled',
    env: 'KRONUS_METRICS_ENABLED',
    default: { production: 'false', development: 'true', test: 'true' },
    doc: 'Whether the API answers `GET /metrics`, to anybody: numbers for Prometheus, no personal data.',
    schema: flag,
  },
  {
    key: 'kronus.worker.metricsPort',
    env: 'KRONUS_WORKER_METRICS_PORT',
    derivedDefault: 'none: not served',
    doc: 'Port on which a process with a worker answers `GET /metrics`, on the same network address as the API.',
    schema: wholeNumber(1, 65535),
  },
  {
    key: 'kronus.tracing.endpoint',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    derivedDefault: 'none: nothing is traced',
    doc: 'Address of an OpenTelemetry collector (OTLP over HTTP, `/v1/traces` is added) that gets traces; they hold ids and no personal data.',
    schema: webUrl,
  },
  {
    key: 'kronus.heartbeat.url',
    env: 'KRONUS_HEARTBEAT_URL',
    secret: true,
    doc: 'Address of a watchdog (a ping URL of Healthchecks or the like) that is called while people are asked in time.',
    schema: webUrl,
  },
  {
    key: 'kronus.heartbeat.everyMinutes',
    env: 'KRONUS_HEARTBEAT_EVERY_MINUTES',
    default: '1',
    doc: 'How often the watchdog is called, in minutes.',
    schema: wholeNumber(1, 60),
  },
  {
    key: 'kronus.dataDir',
    env: 'KRONUS_DATA_DIR',
    derivedDefault: 'production: ~/kronus; development: ./.kronus/dev; test: a fresh temporary folder',
    doc: 'Folder of everything kept on this machine.',
    schema: text,
  },
  {
    key: 'database.url',
    env: 'DATABASE_URL',
    derivedDefault: 'none: the embedded server is started',
    secret: true,
    doc: 'Address of PostgreSQL, postgres://user:password@host:port/database, as the service uses it (kronus_manager).',
    schema: postgresUrl,
  },
  {
    key: 'database.adminUrl',
    env: 'DATABASE_ADMIN_URL',
    derivedDefault: 'database.url',
    secret: true,
    doc: 'The same database as its owner (kronus_admin): migrates and restores.',
    schema: postgresUrl,
  },
  {
    key: 'database.readOnlyUrl',
    env: 'DATABASE_READ_ONLY_URL',
    derivedDefault: 'database.url',
    secret: true,
    doc: 'The same database as a role that may only read (kronus_user): backups are made with it.',
    schema: postgresUrl,
  },
  {
    key: 'database.poolSize',
    env: 'KRONUS_DATABASE_POOL_SIZE',
    default: '10',
    doc: 'Most connections of one process to PostgreSQL.',
    schema: wholeNumber(1, 1000),
  },
  {
    key: 'temporal.address',
    env: 'TEMPORAL_ADDRESS',
    derivedDefault: 'none: the embedded server is started',
    doc: 'Address of Temporal, host:port.',
    schema: text.regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'must have the form host:port'),
  },
  {
    key: 'temporal.namespace',
    env: 'TEMPORAL_NAMESPACE',
    default: 'default',
    doc: 'Namespace of the workflows.',
    schema: text,
  },
  {
    key: 'temporal.apiKey',
    env: 'TEMPORAL_API_KEY',
    secret: true,
    doc: 'API key for Temporal Cloud; turns TLS on.',
    schema: text,
  },
  {
    key: 'temporal.tls',
    env: 'TEMPORAL_TLS',
    default: 'false',
    doc: 'Whether the connection to Temporal is encrypted.',
    schema: flag,
  },
  {
    key: 'temporal.encryptionKeys',
    env: 'TEMPORAL_ENCRYPTION_KEYS',
    secret: true,
    doc: 'Keys that what Temporal keeps is encrypted with, `<id>:<base64 of 32 bytes>` with commas between; the first encrypts, all decrypt.',
    schema: encryptionKeys,
  },
  {
    key: 'twilio.accountSid',
    env: 'TWILIO_ACCOUNT_SID',
    default: { development: `AC${'0'.repeat(32)}`, test: `AC${'0'.repeat(32)}` },
    isRequired: true,
    doc: 'Account of the text messages.',
    schema: text,
  },
  {
    key: 'twilio.authToken',
    env: 'TWILIO_AUTH_TOKEN',
    default: { development: 'development-auth-token', test: 'test-auth-token' },
    isRequired: true,
    secret: true,
    doc: 'Token of the account; also proves that webhooks come from Twilio.',
    schema: text,
  },
  {
    key: 'twilio.messagingServiceSid',
    env: 'TWILIO_MESSAGING_SERVICE_SID',
    default: { development: `MG${'0'.repeat(32)}`, test: `MG${'0'.repeat(32)}` },
    isRequired: true,
    doc: 'Messaging service that texts are sent through.',
    schema: text,
  },
  {
    key: 'twilio.apiBaseUrl',
    env: 'TWILIO_API_BASE_URL',
    derivedDefault: "none: Twilio's own; development: the simulator",
    doc: "Another address of Twilio's API.",
    schema: webUrl,
  },
  {
    key: 'twilio.messagesPerSecond',
    env: 'TWILIO_MESSAGES_PER_SECOND',
    derivedDefault: 'no limit',
    doc: 'Most messages a second over all workers, as the sending numbers allow.',
    schema: text
      .regex(/^\d{1,4}(\.\d{1,3})?$/, { message: 'must be a number above 0 and below 10000', abort: true })
      .transform(Number)
      .pipe(z.number().positive('must be a number above 0 and below 10000')),
  },
  {
    key: 'backup.enabled',
    env: 'KRONUS_BACKUP_ENABLED',
    aliases: ['google.storage.enableSqliteBackupAndSync'],
    default: { production: 'false', development: 'true', test: 'false' },
    doc: 'Whether backups are made on the schedule.',
    schema: flag,
  },
  {
    key: 'backup.schedule',
    env: 'KRONUS_BACKUP_SCHEDULE',
    aliases: ['google.storage.sqliteBackupSchedule'],
    default: '*/20 * * * *',
    doc: 'When backups are made, as a cron expression of five fields.',
    schema: cronSchedule,
  },
  {
    key: 'backup.folder',
    env: 'KRONUS_BACKUP_FOLDER',
    derivedDefault:
      'required in production when backups are on without a bucket; else `backups` in the data folder',
    doc: 'Folder of the backups where there is no bucket; best a disk of its own.',
    schema: text,
  },
  {
    key: 'backup.retentionDays',
    env: 'KRONUS_BACKUP_RETENTION_DAYS',
    default: '2',
    doc: 'How many days a backup is kept; the newest good one is kept for ever.',
    schema: wholeNumber(1, 3650),
  },
  {
    key: 'backup.drillSchedule',
    env: 'KRONUS_BACKUP_DRILL_SCHEDULE',
    default: '30 4 * * *',
    doc: 'When the newest backup is restored into a scratch database to prove that it can be, as a cron expression.',
    schema: cronSchedule,
  },
  {
    key: 'backup.restoreOnEmpty',
    env: 'KRONUS_BACKUP_RESTORE_ON_EMPTY',
    default: 'false',
    doc: 'Whether a start on an empty database restores the newest backup, rather than telling that there is one.',
    schema: flag,
  },
  {
    key: 'backup.atShutdown',
    env: 'KRONUS_BACKUP_AT_SHUTDOWN',
    default: 'true',
    doc: 'Whether `kronus server` takes a last backup when it stops, as far as the time allows.',
    schema: flag,
  },
  {
    key: 'backup.passPhrase',
    env: 'KRONUS_BACKUP_PASS_PHRASE',
    aliases: ['sqlite.passPhrase'],
    default: { development: 'passphrase', test: 'passphrase' },
    isRequired: true,
    secret: true,
    doc: 'Pass phrase that backups are encrypted with (AES-256).',
    schema: z.string(),
  },
  {
    key: 'google.storage.bucket',
    env: 'KRONUS_BACKUP_BUCKET',
    derivedDefault: 'none: backup.folder is used',
    doc: 'Google Cloud Storage bucket of the backups.',
    schema: text,
  },
  {
    key: 'google.storage.prefix',
    env: 'KRONUS_BACKUP_PREFIX',
    default: 'kronus',
    doc: 'Folder of the backups within the bucket.',
    schema: text.transform((value) => value.replace(/^\/+|\/+$/g, '')),
  },
  {
    key: 'google.storage.apiEndpoint',
    env: 'KRONUS_GCS_ENDPOINT',
    derivedDefault: "none: Google's own",
    doc: 'Another address of the bucket, of a store that speaks the same; asked without credentials unless a file of them is set.',
    schema: webUrl,
  },
  {
    key: 'google.applicationCredentials',
    env: 'GOOGLE_APPLICATION_CREDENTIALS',
    derivedDefault: "none: the machine's own credentials",
    doc: 'Path to the Google service account file.',
    schema: text,
  },
  {
    key: 'development.minuteMs',
    env: 'KRONUS_MINUTE_MS',
    default: '60000',
    doc: 'Milliseconds that a minute of waiting takes; less makes every wait shorter. Not for production.',
    schema: wholeNumber(1, 60_000),
  },
  {
    key: 'development.ports.postgres',
    env: 'KRONUS_POSTGRES_PORT',
    derivedDefault: 'a free one',
    doc: 'Port of the embedded PostgreSQL.',
    schema: portNumber,
  },
  {
    key: 'development.ports.temporal',
    env: 'KRONUS_TEMPORAL_PORT',
    derivedDefault: 'a free one',
    doc: 'Port of the embedded Temporal server.',
    schema: portNumber,
  },
  {
    key: 'development.ports.temporalUi',
    env: 'KRONUS_TEMPORAL_UI_PORT',
    derivedDefault: 'a free one',
    doc: 'Port of the web pages of the embedded Temporal server.',
    schema: portNumber,
  },
  {
    key: 'development.ports.phones',
    env: 'KRONUS_PHONES_PORT',
    derivedDefault: 'a free one',
    doc: 'Port of the simulated phones.',
    schema: portNumber,
  },
] as const satisfies readonly Setting[];

/** The keys of all settings. */
export type SettingKey = (typeof settings)[number]['key'];

/** What the text of a setting becomes. */
export type SettingValue<Key extends SettingKey> = z.output<
  Extract<(typeof settings)[number], { key: Key }>['schema']
>;

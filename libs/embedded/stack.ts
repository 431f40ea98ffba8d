import { join } from 'node:path';
import type { Config } from '#libs/config/config';
import { StopInReverse } from './children.ts';
import { openDataDir } from './data-dir.ts';
import { assertPortFree, portOr } from './ports.ts';
import { startPhones } from './phones.ts';
import { startPostgres } from './postgres.ts';
import { setUpEmbedded, type DatabaseUrls } from './database.ts';
import type { Progress, Say } from './progress.ts';
import { supervise, type Supervisable } from './supervise.ts';
import { findTemporal } from './temporal-binary.ts';
import { startTemporal } from './temporal.ts';

/** The servers that Kronus works with: its own where none is configured. */
export interface Stack {
  databases: DatabaseUrls;
  temporalAddress: string;
  /** The web pages that came along, by name. */
  pages: { temporalUi?: string; phones?: string };
  /** Set when Kronus brought its own phones: where texts go instead of to Twilio. */
  twilioApiBaseUrl: string | null;
  /** Ends everything that was started, last first. */
  stop: StopInReverse;
}

/** How the servers are brought up. */
export interface StackOptions {
  config: Config;
  progress: Progress;
  /** Called with a sentence when a server cannot be kept alive. */
  onGiveUp: (message: string) => void;
}

// Beside the API's own port, so that two Kronus on one machine need one setting each.
const PORT_OFFSETS = { phones: 1, temporalUi: 2, temporal: 3, postgres: 4 } as const;
const PORT_SETTINGS = {
  phones: 'KRONUS_PHONES_PORT',
  temporalUi: 'KRONUS_TEMPORAL_UI_PORT',
  temporal: 'KRONUS_TEMPORAL_PORT',
  postgres: 'KRONUS_POSTGRES_PORT',
} as const;
/**
 * Brings up every server that is not configured to be somebody else's, each supervised and keeping its data in the
 * data folder. A port that was asked for and is taken is a fault; a port of our own choice gives way.
 * @throws Error with one sentence; what was started until then is ended
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { config } = options;
  const stop = new StopInReverse();
  try {
    if (bringsServers(config)) {
      const dataDir = openDataDir(config.dataDir);
      stop.add('data folder', () => dataDir.release());
    }
    const [databases, temporal, phones] = await Promise.all([
      configuredDatabases(config) ?? embeddedPostgres(options, stop),
      config.temporal.address
        ? { address: config.temporal.address, uiUrl: undefined }
        : embeddedTemporal(options, stop),
      bringsPhones(config) ? phonesServer(options, stop) : null,
    ]);
    return {
      databases,
      stop,
      temporalAddress: temporal.address,
      pages: {
        temporalUi: temporal.uiUrl,
        ...(phones ? { phones } : {}),
      },
      twilioApiBaseUrl: config.twilio.apiBaseUrl ?? phones,
    };
  } catch (error) {
    await stop.stopAll();
    throw error;
  }
}

function configuredDatabases({ database }: Config): DatabaseUrls | null {
  const { url, adminUrl, readOnlyUrl } = database;
  return url === null ? null : { url, adminUrl: adminUrl ?? url, readOnlyUrl: readOnlyUrl ?? url };
}

const bringsPhones = (config: Config): boolean => config.mode !== 'production' && !config.twilio.apiBaseUrl;

/** Only a process that keeps data of its own holds the data folder: several halves may share one. */
const bringsServers = (config: Config): boolean =>
  !config.database.url || !config.temporal.address || bringsPhones(config);

async function portFor(part: keyof typeof PORT_OFFSETS, what: string, config: Config): Promise<number> {
  const asked = config.ports[part];
  if (asked === null) return portOr(config.port + PORT_OFFSETS[part]);
  await assertPortFree(asked, what, PORT_SETTINGS[part]);
  return asked;
}

/** Starts a server with a line of progress and keeps it alive from then on. */
function start<S extends Supervisable>(
  name: string,
  { progress, onGiveUp }: StackOptions,
  stop: StopInReverse,
  launch: (say: Say) => Promise<S>,
): Promise<S> {
  return progress.step(name, async (say) => {
    const line = (text: string) => progress.line(text);
    const supervised = await supervise<S>(name, (previous) => launch(previous ? line : say), {
      say: line,
      onGiveUp,
    });
    stop.add(name, () => supervised.stop());
    return supervised.current;
  });
}

async function embeddedPostgres(options: StackOptions, stop: StopInReverse): Promise<DatabaseUrls> {
  const { config } = options;
  const port = await portFor('postgres', 'PostgreSQL', config);
  const dataDir = join(config.dataDir, 'postgres');
  const isDurable = config.mode !== 'test';
  const postgres = await start('PostgreSQL', options, stop, (say) =>
    startPostgres({ dataDir, port, isDurable, say }),
  );
  return setUpEmbedded(postgres.url);
}

async function embeddedTemporal(options: StackOptions, stop: StopInReverse) {
  const { config } = options;
  const [port, uiPort] = await Promise.all([
    portFor('temporal', 'Temporal', config),
    portFor('temporalUi', 'Temporal UI', config),
  ]);
  const folder = join(config.dataDir, 'temporal');
  return start('Temporal', options, stop, async (say) =>
    startTemporal({
      port,
      uiPort,
      namespace: config.temporal.namespace,
      say,
      binary: await findTemporal({ say }),
      dbFile: join(folder, 'temporal.db'),
      logFile: join(folder, 'server.log'),
    }),
  );
}

async function phonesServer(options: StackOptions, stop: StopInReverse): Promise<string> {
  const { config } = options;
  const port = await portFor('phones', 'phones', config);
  const phones = await start('Phones', options, stop, () =>
    startPhones({
      port,
      webhookUrl: `${config.publicUrl}/webhook/sms`,
      onText: config.mode === 'development' ? (line) => options.progress.line(line) : undefined,
      accountSid: config.twilio.accountSid,
      authToken: config.twilio.authToken,
      journal: join(config.dataDir, 'phones.jsonl'),
      logFile: join(config.dataDir, 'phones.log'),
    }),
  );
  return phones.url;
}

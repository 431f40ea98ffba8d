import { fileURLToPath } from 'node:url';
import { becomesReady, logTail, startChild, type Child } from './children.ts';

/** How the simulated phones stand for Twilio. */
export interface PhonesOptions {
  port: number;
  /** Where texts that a phone sends are posted. */
  webhookUrl: string;
  accountSid: string;
  authToken: string;
  logFile: string;
  /** Keeps what was texted over a restart; in memory when left out. */
  journal?: string;
  /** Receives a line for each text that Kronus sends: for development only, where the phones are not real. */
  onText?: (line: string) => void;
}

/** The running simulator of Twilio and its phones. */
export interface PhonesServer extends Child {
  /** Its address: the API, the phones' page, and the control API. */
  url: string;
}

const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 3_000;

/**
 * Starts the Twilio simulator, a process of its own like the service that it stands for.
 * @throws Error with one sentence when it does not start
 */
export async function startPhones(options: PhonesOptions): Promise<PhonesServer> {
  const { port, webhookUrl, accountSid, authToken, journal, logFile, onText } = options;
  const url = `http://127.0.0.1:${port}`;
  const main = import.meta.url.endsWith('.ts') ? 'main.ts' : 'main.js';
  const child = await startChild({
    command: process.execPath,
    args: [
      ...runtimeFlags(),
      fileURLToPath(new URL(`../../apps/twilio-simulator/src/${main}`, import.meta.url)),
      `--port=${port}`,
      `--webhook-url=${webhookUrl}`,
      `--account-sid=${accountSid}`,
      `--auth-token=${authToken}`,
      ...(journal ? [`--journal=${journal}`] : []),
      ...(onText ? ['--print'] : []),
    ],
    env: process.env,
    logFile,
    onLine: onText && ((line) => void (line.startsWith('to: ') && onText(line))),
    stopSignal: 'SIGTERM',
    stopLimitMs: STOP_LIMIT_MS,
  });
  if (await becomesReady(child, () => answers(url), START_LIMIT_MS)) return { ...child, url };
  await child.stop();
  throw new Error(`the phones do not start: ${logTail(logFile)}`);
}

/** The flags that run a TypeScript source, when this process was started from sources too. */
export function runtimeFlags(): string[] {
  if (!import.meta.url.endsWith('.ts')) return [];
  const hook = new URL('../../apps/cli/bin/source-hook.mjs', import.meta.url);
  return ['--import', hook.href, '--conditions=source'];
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/control/phones`)).ok;
  } catch {
    return false;
  }
}

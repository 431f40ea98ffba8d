import { DefaultLogger, Runtime, type RuntimeOptions } from '@temporalio/worker';
import { loggableMessage } from '#libs/db/loggable-error';
import { freePort } from '#libs/embedded/ports';

/** The SDK's log: warnings and errors, but not that a queue for activities has no workflows. */
const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
  if (message.startsWith('No workflows registered')) return;
  const { error, ...context } = meta ?? {};
  console.error(
    JSON.stringify({
      level,
      msg: message,
      ...context,
      error: error instanceof Error ? (loggableMessage(error) ?? error.name) : error,
    }),
  );
});

/**
 * Prepares the SDK for the workers of this process; once a process, before the first worker. With metrics it serves its
 * own on a free port of the loopback interface, and this answers their address; null without, also when that fails,
 * because nobody's check may depend on it.
 */
export async function installRuntime({ withMetrics }: { withMetrics: boolean }): Promise<string | null> {
  if (withMetrics) {
    const bindAddress = `127.0.0.1:${await freePort()}`;
    try {
      Runtime.install({ logger, telemetryOptions: { metrics: { prometheus: { bindAddress, ...UNITS } } } });
      return `http://${bindAddress}/metrics`;
    } catch (error) {
      logger.warn('the metrics of the Temporal SDK are not served', { error });
    }
  }
  Runtime.install({ logger } satisfies RuntimeOptions);
  return null;
}

/** Names and units as Prometheus wants them: seconds, `_seconds`, `_total`. */
const UNITS = { useSecondsForDurations: true, unitSuffix: true, countersTotalSuffix: true } as const;

import { log } from '@temporalio/activity';
import type { MikroORM } from '@mikro-orm/postgresql';
import { readBacklog } from '#libs/db/queries/backlog';
import { delaysIn } from '#libs/domain/backlog';
import type { Clock } from '#libs/domain/clock';

/** What the heartbeat works with. */
export interface HeartbeatActivityDeps {
  orm: MikroORM;
  clock: Clock;
  /** How long a minute of waiting lasts; 60,000 except in development and tests. */
  minuteMs: number;
  /** Where the watchdog is called, and how often at most; null when there is none. */
  heartbeat: { url: string | null; everyMinutes: number };
}

/**
 * What became of a heartbeat. `off`: there is no watchdog. `early`: this worker has called it a moment ago. `withheld`:
 * something is late. `unanswered`: the watchdog did not take it.
 */
export type Heartbeat = 'sent' | 'off' | 'early' | 'withheld' | 'unanswered';

/** The activities behind the heartbeat. */
export type HeartbeatActivities = ReturnType<typeof createHeartbeatActivities>;

const MINUTE_MS = 60_000;
const CALL_LIMIT_MS = 10_000;
/** The reconciler does not come to the second: what is due before its next run goes now. */
const EARLY_MS = MINUTE_MS / 2;

/** Binds the heartbeat to what it works with. */
export function createHeartbeatActivities({ orm, clock, minuteMs, heartbeat }: HeartbeatActivityDeps) {
  let sentAt = -Infinity;

  return {
    /**
     * Calls the watchdog, once, if everybody is asked in time by the record. When something is late it stays silent,
     * which every watchdog understands. A watchdog that cannot be reached is a warning and nothing else.
     */
    async sendHeartbeat(): Promise<Heartbeat> {
      const { url, everyMinutes } = heartbeat;
      if (url === null) return 'off';
      const now = clock.now();
      if (now.getTime() < sentAt + everyMinutes * MINUTE_MS - EARLY_MS) return 'early';

      const delays = delaysIn(await readBacklog(orm.em.fork(), now, minuteMs));
      if (delays.length > 0) {
        log.warn('the heartbeat is withheld, because something is late', { late: delays.join(', ') });
        return 'withheld';
      }
      const fault = await call(url);
      if (fault !== null) {
        log.warn('the watchdog did not take the heartbeat', { fault });
        return 'unanswered';
      }
      sentAt = now.getTime();
      return 'sent';
    },
  };
}

/** Calls the address and answers what went wrong, without the address: whoever knows it can call it. */
async function call(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CALL_LIMIT_MS) });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

const HEARTBEAT_EVERY_MS = 2_000;
/** These say in their heartbeats how far they are; one that says nothing would hide that. */
const BEAT_THEMSELVES = new Set(['makeBackup', 'removeExpiredBackups', 'proveNewestBackup']);

/** Heartbeats for as long as an activity with a heartbeat timeout runs, so that the work of a worker that died is soon given to another. */
export const heartbeatInterceptor = (context: Context): ActivityInterceptors => ({
  inbound: {
    async execute(input, next) {
      const { heartbeatTimeoutMs, activityType } = context.info;
      if (!heartbeatTimeoutMs || BEAT_THEMSELVES.has(activityType)) return next(input);
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  },
});

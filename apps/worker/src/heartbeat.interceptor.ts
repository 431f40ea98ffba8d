import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

const HEARTBEAT_EVERY_MS = 2_000;

/** Heartbeats for as long as an activity with a heartbeat timeout runs, so that the work of a worker that died is soon given to another. */
export const heartbeatInterceptor = (context: Context): ActivityInterceptors => ({
  inbound: {
    async execute(input, next) {
      if (!context.info.heartbeatTimeoutMs) return next(input);
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  },
});

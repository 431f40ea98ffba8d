import { ApplicationFailure } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import { withoutValues } from '#libs/db/loggable-error';

/** Keeps what a failing statement quotes (numbers, names, texts) out of failures, which Temporal keeps and shows. */
export const hideRowValues = (): ActivityInterceptors => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        const bare = withoutValues(error);
        if (bare === error || !(bare instanceof Error)) throw bare;
        // Temporal calls a failure by its class, unless it is told a type.
        throw ApplicationFailure.create({ type: bare.name, message: bare.message });
      }
    },
  },
});

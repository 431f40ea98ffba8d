import { ApplicationFailure } from '@temporalio/activity';
import type { SendError } from '#libs/twilio/messenger';

/** After an attempt of which it is not known whether it arrived, the provider gets this long to list it. */
const AMBIGUOUS_DELAY_MS = 3_000;

/**
 * A failure that Temporal retries: after the provider's own Retry-After where it gave one, and not at once when the
 * text may have gone out. Shown to operators by its class and code; holds no number and no text.
 */
export function retryLater(error: SendError): ApplicationFailure {
  const delayMs = error.retryAfterMs ?? (error.isAmbiguous ? AMBIGUOUS_DELAY_MS : undefined);
  return ApplicationFailure.create({
    type: `SEND_${error.errorClass.toUpperCase()}`,
    message: error.message,
    ...(delayMs === undefined ? {} : { nextRetryDelay: delayMs }),
  });
}

const messages: Record<number, string> = {
  20001: 'Invalid parameter',
  20003: 'Authenticate',
  20009: 'Cannot delete this resource before it is complete',
  20429: 'Too Many Requests',
  20500: 'An internal server error has occurred',
  20503: 'Service unavailable',
  21211: "Invalid 'To' Phone Number",
  21266: "'To' and 'From' number cannot be the same",
  21408: 'Permission to send an SMS has not been enabled for the region indicated by the number',
  21602: 'Message body is required.',
  21603: "A 'From' phone number is required.",
  21604: "A 'To' phone number is required.",
  21606: "The 'From' phone number is not a valid, SMS-capable inbound phone number for your account.",
  21609: "The 'StatusCallback' URL is not a valid URL.",
  21610: 'Attempt to send to unsubscribed recipient',
  21614: "'To' number is not a valid mobile number",
  21617: 'The concatenated message body exceeds the 1600 character limit',
  30001: 'Queue overflow',
  30002: 'Account suspended',
  30003: 'Unreachable destination handset',
  30004: 'Message blocked',
  30005: 'Unknown destination handset',
  30006: 'Landline or unreachable carrier',
  30007: 'Message filtered',
  30008: 'Unknown error',
  30034: 'US A2P 10DLC - Message from an Unregistered Number',
};

/** Twilio's words for an error code; a general sentence for a code that the simulator does not know. */
export const errorMessage = (code: number): string => messages[code] ?? `Error ${code}`;

/** A refusal in Twilio's form: its HTTP status and its error code. */
export class TwilioError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message = errorMessage(code),
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  toBody() {
    return {
      code: this.code,
      message: this.message,
      more_info: `https://www.twilio.com/docs/errors/${this.code}`,
      status: this.status,
    };
  }
}

/** The 401 that Twilio gives for missing or wrong credentials. */
export const unauthenticated = () =>
  new TwilioError(401, 20003, undefined, { 'WWW-Authenticate': 'Basic realm="Twilio API"' });

/** The 404 that Twilio gives for a path that leads nowhere. */
export const notFound = (path: string) =>
  new TwilioError(404, 20404, `The requested resource ${path} was not found`);

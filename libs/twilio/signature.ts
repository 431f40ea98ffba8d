import twilio from 'twilio';

/**
 * True when Twilio signed these form fields for this public address with our token (with or without the port, in both
 * encodings of the query: the library's own rules). Source: Twilio, "Webhooks security".
 */
export function isSignedByTwilio(
  authToken: string,
  signature: string | undefined,
  publicAddress: string,
  fields: Record<string, string | string[]>,
): boolean {
  return !!signature && twilio.validateRequest(authToken, signature, publicAddress, fields);
}

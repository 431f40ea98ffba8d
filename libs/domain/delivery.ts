/**
 * The life of an outbound message. `queued`: a row, nothing sent. `sending`: being handed to the provider, perhaps
 * accepted already. `accepted` and later: the provider has it.
 */
export type DeliveryStatus =
  'queued' | 'sending' | 'accepted' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'canceled';

const RANK: Record<DeliveryStatus, number> = {
  queued: 0,
  sending: 1,
  accepted: 2,
  sent: 3,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  canceled: 4,
};

/** How far a status has come; a status only ever moves to a higher rank, so a late report cannot undo a newer one. */
export const deliveryRank = (status: DeliveryStatus): number => RANK[status];

/** True when the provider or the carrier gave the message up. */
export const isDeliveryFailure = (status: DeliveryStatus): boolean =>
  status === 'failed' || status === 'undelivered' || status === 'canceled';

const FROM_PROVIDER: Record<string, DeliveryStatus> = {
  accepted: 'accepted',
  scheduled: 'accepted',
  queued: 'accepted',
  sending: 'accepted',
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'undelivered',
  failed: 'failed',
  canceled: 'canceled',
};

/** The status that Twilio's word stands for, or null for one that is not about an outbound message (or is new). */
export const fromProviderStatus = (word: string): DeliveryStatus | null => FROM_PROVIDER[word] ?? null;

/**
 * What a provider error asks of us. `retry`: try again with back-off. `unreachable`: the phone cannot be reached now.
 * `broken`: this number will never work. `opted_out`: the person sent STOP. `operator`: our account or settings are at
 * fault; retry, and raise an alarm.
 */
export type ErrorClass = 'retry' | 'unreachable' | 'broken' | 'opted_out' | 'operator';

// Codes: Twilio, "Error and Warning Dictionary".
const BY_CODE = new Map<number, ErrorClass>([
  ...[20429, 30001, 30008].map((code) => [code, 'retry'] as const),
  [30003, 'unreachable'],
  ...[21211, 21214, 21217, 21614, 30005, 30006].map((code) => [code, 'broken'] as const),
  [21610, 'opted_out'],
  ...[20003, 21408, 21606, 30002, 30007, 30034].map((code) => [code, 'operator'] as const),
]);

/**
 * Classes a refused request or a failed delivery by the provider's code, else by the HTTP status.
 * An unknown 4xx is the operator's: retried and shown, never taken for a broken number.
 */
export function classifyError(code: number | null, httpStatus: number | null = null): ErrorClass {
  const known = code === null ? undefined : BY_CODE.get(code);
  if (known) return known;
  return httpStatus !== null && httpStatus >= 400 && httpStatus < 500 && httpStatus !== 429
    ? 'operator'
    : 'retry';
}

/** True when sending to this number again cannot help. */
export const isPermanent = (errorClass: ErrorClass): boolean =>
  errorClass === 'broken' || errorClass === 'opted_out';

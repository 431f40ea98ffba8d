/**
 * The life of an outbound message. `queued`: a row, nothing sent. `sending`: being handed to the provider, perhaps
 * accepted already. `accepted` and later: the provider has it.
 */
export const DELIVERY_STATUSES = [
  'queued',
  'sending',
  'accepted',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'canceled',
] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

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

// Codes: Twilio, "Error and Warning Dictionary". 30004 (message blocked) has many causes there, an opt-out, a carrier's
// block and a phone without signal among them, so nobody is said to have opted out because of it.
const BY_CODE = new Map<number, ErrorClass>([
  ...[20429, 30001, 30008].map((code) => [code, 'retry'] as const),
  ...[30003, 30004].map((code) => [code, 'unreachable'] as const),
  ...[21211, 21214, 21217, 21268, 21614, 21635, 30005, 30006].map((code) => [code, 'broken'] as const),
  [21610, 'opted_out'],
  ...[20003, 21408, 21606, 30002, 30007, 30032, 30034].map((code) => [code, 'operator'] as const),
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

/** Whether texts can reach a person, as far as we know: they opted out (STOP), or their number is broken. */
export const REACHABILITIES = ['ok', 'opted_out', 'broken'] as const;
export type Reachability = (typeof REACHABILITIES)[number];

/** Decides from the moments when we learned of it; an opt-out is what the person can undo, so it is told first. */
export function reachabilityOf(known: { optedOutAt?: unknown; numberBrokenAt?: unknown }): Reachability {
  if (known.optedOutAt) return 'opted_out';
  return known.numberBrokenAt ? 'broken' : 'ok';
}

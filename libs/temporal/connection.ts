/** How to reach a Temporal server; understood by the client's and the worker's `Connection.connect` alike. */
export interface TemporalAddress {
  address: string;
  namespace: string;
  /** Temporal Cloud; implies TLS. */
  apiKey: string | null;
  tls: boolean;
}

/** The options of a connection, for the client and for the worker. */
export function connectionOptions({ address, apiKey, tls }: TemporalAddress) {
  return { address, tls: tls || apiKey !== null, ...(apiKey === null ? {} : { apiKey }) };
}

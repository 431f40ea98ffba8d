import { AsyncLocalStorage } from 'node:async_hooks';

/** What a request does, as far as the audit log tells of it. */
export interface Act {
  /** In words like `contacts.update`. */
  readonly action: string;
  readonly at: Date;
  /** The network address that it came from. */
  readonly address: string;
  /** Who does it, once that is known. */
  actor(): { id: number; clientId: number } | null;
  /** The names of the fields that the request gives. */
  fields(): string[];
  /** Whether the audit log has it already. */
  isRecorded: boolean;
}

const storage = new AsyncLocalStorage<{ requestId: string; act?: Act }>();

/** Runs `work`, and everything it starts, on behalf of the request with this id. */
export const onBehalfOf = <T>(requestId: string, work: () => T): T => storage.run({ requestId }, work);

/** The id of the request on whose behalf this runs; undefined outside of requests. */
export const currentRequestId = (): string | undefined => storage.getStore()?.requestId;

/** Says what the request on whose behalf this runs is about to do. */
export function beginAct(act: Act): void {
  const request = storage.getStore();
  if (request) request.act = act;
}

/** What the request on whose behalf this runs does; undefined outside of requests that change something. */
export const currentAct = (): Act | undefined => storage.getStore()?.act;

import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<string>();

/** Runs `work`, and everything it starts, on behalf of the request with this id. */
export const onBehalfOf = <T>(requestId: string, work: () => T): T => storage.run(requestId, work);

/** The id of the request on whose behalf this runs; undefined outside of requests. */
export const currentRequestId = (): string | undefined => storage.getStore();

/**
 * The header that a signal and an activity carry the cause of their trace in: `{ traceparent }`. The name is the one that
 * Temporal's own interceptors use, so that other tools understand it.
 */
export const TRACE_HEADER = '_tracer-data';

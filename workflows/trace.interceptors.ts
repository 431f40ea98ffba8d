import type { Headers, WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { TRACE_HEADER } from '#libs/temporal/trace-header';

/** What happens later than this after a signal is a story of its own: a schedule lives for years. */
const LASTS_MS = 60 * 60_000;

/**
 * Hands the trace of the latest signal (or of the start) on to the activities that follow. It makes no spans, because the
 * run of a workflow has no end that anybody waits for, and it changes no command: histories replay with it and without.
 * In the bundle only where traces are wanted; the name is Temporal's.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let cause: { headers: Headers; since: number } | undefined;

  const learn = (headers: Headers) => {
    const header = headers[TRACE_HEADER];
    if (header) cause = { headers: { [TRACE_HEADER]: header }, since: Date.now() };
  };
  const handOn = <T extends { headers: Headers }>(input: T): T =>
    cause && Date.now() - cause.since < LASTS_MS
      ? { ...input, headers: { ...input.headers, ...cause.headers } }
      : input;

  return {
    inbound: [
      {
        execute(input, next) {
          learn(input.headers);
          return next(input);
        },
        handleSignal(input, next) {
          learn(input.headers);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(handOn(input)),
        scheduleLocalActivity: (input, next) => next(handOn(input)),
        continueAsNew: (input, next) => next(handOn(input)),
      },
    ],
  };
};

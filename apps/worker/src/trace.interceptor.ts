import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import type { Tracing } from '#libs/telemetry/tracing';
import { TRACE_HEADER } from '#libs/temporal/trace-header';

/** Makes each attempt of an activity a step of the trace that caused it, or a trace of its own when nothing did of late. */
export const traceActivities =
  (tracing: Tracing) =>
  (context: Context): ActivityInterceptors => ({
    inbound: {
      execute(input, next) {
        const { activityType, attempt, taskQueue, workflowExecution } = context.info;
        const step = {
          name: `activity ${activityType}`,
          kind: 'consumer' as const,
          attributes: {
            'temporal.activity': activityType,
            'temporal.attempt': attempt,
            'temporal.task_queue': taskQueue,
            ...(workflowExecution && { 'temporal.workflow.id': workflowExecution.workflowId }),
          },
          cause: causeIn(input.headers),
        };
        return tracing.step(step, () => next(input));
      },
    },
  });

function causeIn(headers: Headers): string | undefined {
  const header = headers[TRACE_HEADER];
  if (!header) return undefined;
  const { traceparent } = defaultPayloadConverter.fromPayload<{ traceparent?: unknown }>(header);
  return typeof traceparent === 'string' ? traceparent : undefined;
}

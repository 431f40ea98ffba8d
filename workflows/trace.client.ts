import { defaultPayloadConverter } from '@temporalio/common';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Tracing } from '#libs/telemetry/tracing';
import { TRACE_HEADER } from '#libs/temporal/trace-header';

/**
 * Makes each signal a step of the trace that it is sent in, and lets it carry that trace to the workflow. The request that
 * owed it is named, also when somebody else delivers it later.
 */
export function traceSignals(tracing: Tracing): WorkflowClientInterceptor {
  return {
    signalWithStart(input, next) {
      const { workflowType, signalName, signalArgs, options } = input;
      const [requestId] = signalArgs;
      const step = {
        name: `signal ${workflowType}`,
        kind: 'producer' as const,
        attributes: {
          'temporal.workflow.id': options.workflowId,
          'temporal.signal': signalName,
          ...(typeof requestId === 'string' && { 'kronus.request_id': requestId }),
        },
      };
      return tracing.step(step, () => {
        const traceparent = tracing.cause();
        const header = defaultPayloadConverter.toPayload({ traceparent });
        return next({ ...input, headers: { ...input.headers, [TRACE_HEADER]: header } });
      });
    },
  };
}

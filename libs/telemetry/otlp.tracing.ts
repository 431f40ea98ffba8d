import { setTimeout as sleep } from 'node:timers/promises';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { OpenStep, Step, Tracing } from './tracing.ts';

/** Where traces go, and what sends them. */
export interface OtlpSettings {
  /** The address of the collector, without `/v1/traces`. */
  endpoint: string;
  version: string;
}

const KINDS = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER } as const;
const EXPORT_LIMIT_MS = 5_000;
const CLOSE_LIMIT_MS = 2_000;

/**
 * Sends traces to an OpenTelemetry collector, in the background; what it does not take is dropped without a word. Once a
 * process at a time. Sampling, batches and headers follow OpenTelemetry's own variables (`OTEL_TRACES_SAMPLER`,
 * `OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`).
 *
 * Import it only where traces are wanted: it brings the whole SDK.
 */
export function startTracing({ endpoint, version }: OtlpSettings): Tracing {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: EXPORT_LIMIT_MS });
  const provider = new NodeTracerProvider({
    resource: new Resource({ 'service.name': 'kronus', 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  // Causes are handed on by ourselves: what else a caller sends (tracestate, baggage) can hold anything.
  provider.register({ propagator: null });
  const tracer = provider.getTracer('kronus');

  const begin = ({ name, kind, attributes, cause }: Step): OpenStep => {
    const parent = cause === undefined ? context.active() : contextOf(cause);
    const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent);
    const own = trace.setSpan(parent, span);
    return {
      run: (work) => context.with(own, work),
      end({ attributes: more = {}, fault } = {}) {
        span.setAttributes(more);
        if (fault !== undefined) {
          span.setAttribute('error.type', fault);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  };

  return {
    begin,

    async step(step, work) {
      const open = begin(step);
      try {
        const result = await open.run(work);
        open.end();
        return result;
      } catch (error) {
        open.end({ fault: typeOf(error) });
        throw error;
      }
    },

    cause() {
      const span = trace.getSpanContext(context.active());
      return span && `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
    },

    async close() {
      const ended = new AbortController();
      const limit = sleep(CLOSE_LIMIT_MS, undefined, { signal: ended.signal, ref: false });
      await Promise.race([provider.shutdown(), limit]).catch(() => undefined);
      ended.abort();
      limit.catch(() => undefined);
      trace.disable();
      context.disable();
    },
  };
}

function contextOf(cause: string): Context {
  const span = parseTraceParent(cause);
  return span ? trace.setSpanContext(ROOT_CONTEXT, { ...span, isRemote: true }) : ROOT_CONTEXT;
}

const TYPE = /^\w{1,64}$/;

// Messages of errors can name people; types can not.
function typeOf(error: unknown): string {
  const { type, name } = (error ?? {}) as { type?: unknown; name?: unknown };
  for (const each of [type, name]) if (typeof each === 'string' && TYPE.test(each)) return each;
  return 'Error';
}

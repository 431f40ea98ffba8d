import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** One span as it came over the wire. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  attributes: Record<string, string>;
}

// The part of the protocol that stories read. Source: OpenTelemetry, opentelemetry/proto/trace/v1/trace.proto.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue { string string_value = 1; int64 int_value = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
    repeated KeyValue attributes = 9;
  }
  message ScopeSpans { repeated Span spans = 2; }
  message ResourceSpans { repeated ScopeSpans scope_spans = 2; }
  message Request { repeated ResourceSpans resource_spans = 1; }
`);
const Request = root.lookupType('Request');

interface WireSpan {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId: Buffer;
  name: string;
  attributes?: { key: string; value?: { stringValue?: string; intValue?: unknown } }[];
}

/** A collector that takes traces and remembers every byte. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly #bodies: Buffer[] = [];
  readonly #server: Server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    this.#bodies.push(Buffer.from(`${request.url} ${JSON.stringify(request.headers)}`), body);
    if (request.url === '/v1/traces') this.spans.push(...readSpans(body));
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
  });

  /** Starts one; answers its address. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that it received. */
  get bytes(): Buffer {
    return Buffer.concat(this.#bodies);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function readSpans(body: Buffer): ReceivedSpan[] {
  const request = Request.decode(body) as unknown as {
    resourceSpans: { scopeSpans: { spans: WireSpan[] }[] }[];
  };
  return request.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map((span) => ({
      traceId: hex(span.traceId),
      spanId: hex(span.spanId),
      parentSpanId: hex(span.parentSpanId),
      name: span.name,
      attributes: Object.fromEntries(
        (span.attributes ?? []).map(({ key, value }) => [
          key,
          value?.stringValue || String(value?.intValue ?? ''),
        ]),
      ),
    }));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

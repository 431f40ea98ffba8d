import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import twilio from 'twilio';
import { startSimulator, type SimulatorOptions } from './simulator.ts';

export const accountSid = `AC${'a'.repeat(32)}`;
export const authToken = 'a token for tests';
export const ourNumber = '+15005550006';

/** One request that the receiver got; `isSigned` by Twilio's own check. */
export interface Received {
  path: string;
  params: Record<string, string>;
  headers: IncomingHttpHeaders;
  isSigned: boolean;
}

/** A tiny application that takes webhooks and remembers them. */
export class Receiver extends EventEmitter<{ received: [Received] }> {
  readonly received: Received[] = [];
  /** What to answer; the default is an empty TwiML response. */
  answer = { status: 200, contentType: 'text/xml', body: '<Response/>' };
  /** Awaited before each answer. */
  beforeAnswer: () => Promise<unknown> = async () => undefined;
  private readonly server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', async () => {
      const params = Object.fromEntries(new URLSearchParams(body));
      const signature = String(request.headers['x-twilio-signature']);
      const isSigned = twilio.validateRequest(authToken, signature, `${this.url}${request.url}`, params);
      const received = { path: request.url!, params, headers: request.headers, isSigned };
      this.received.push(received);
      this.emit('received', received);
      await this.beforeAnswer();
      const { status, contentType, body: answer } = this.answer;
      response.writeHead(status, { 'Content-Type': contentType }).end(answer);
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  /** Resolves when at least `count` requests have come to `path`, with all that came to it. */
  async waitFor(path: string, count: number): Promise<Received[]> {
    const found = () => this.received.filter((each) => each.path === path);
    while (found().length < count) await once(this, 'received');
    return found();
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }
}

/** The real client of Twilio, pointed at a simulator. */
export function clientOf(url: string, token = authToken): twilio.Twilio {
  const toSimulator = new (class extends twilio.RequestClient {
    override request: twilio.RequestClient['request'] = (options) => {
      const { pathname, search } = new URL(options.uri);
      return super.request({ ...options, uri: `${url}${pathname}${search}` });
    };
  })({ timeout: 5_000 });
  return twilio(accountSid, token, { httpClient: toSimulator });
}

/** A simulator on a free port with a receiver for its webhooks, and a client for it. */
export async function startFixture(options: Partial<SimulatorOptions> = {}) {
  const receiver = await new Receiver().start();
  const simulator = await startSimulator({
    port: 0,
    host: '127.0.0.1',
    accountSid,
    authToken,
    number: ourNumber,
    webhookUrl: `${receiver.url}/inbound?tenant=1`,
    ...options,
  });
  return {
    receiver,
    url: simulator.url,
    client: clientOf(simulator.url),
    /** Calls the control API; resolves to its JSON answer, undefined when it has no content. */
    control: (method: string, path: string, body?: unknown) => control(simulator.url, method, path, body),
    stop: async () => {
      await simulator.close();
      await receiver.stop();
    },
  };
}

export type Fixture = Awaited<ReturnType<typeof startFixture>>;

async function control(url: string, method: string, path: string, body: unknown) {
  const response = await fetch(`${url}/control/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read many shapes
  const json: any = response.status === 204 ? undefined : await response.json();
  return { status: response.status, json };
}

/** Fetches a message until it has one of the statuses. */
export async function untilStatus(client: twilio.Twilio, sid: string, status: string) {
  for (;;) {
    const message = await client.messages(sid).fetch();
    if (message.status === status) return message;
  }
}

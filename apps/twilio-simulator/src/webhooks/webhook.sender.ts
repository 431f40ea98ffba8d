import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';

/** The fields of a webhook, by Twilio's names. */
export type WebhookParams = Record<string, string>;

/** What a webhook came to: the receiver's answer, or `status: null` and why there was none. */
export interface WebhookAnswer {
  status: number | null;
  body: string;
  contentType: string | null;
  durationMs: number;
  error?: string;
}

/** How a webhook is signed: rightly, with a key that is not ours, or not at all. */
export type SignatureKind = 'right' | 'wrong' | 'none';

interface PostOptions {
  signature?: SignatureKind | undefined;
  /** Whether to try once more when no connection could be made, as Twilio does for inbound messages. */
  retryConnection?: boolean;
}

/** Twilio's limits: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides */
const connectTimeoutMs = 5_000;
const answerTimeoutMs = 15_000;
const maxConnections = 64;

/** Posts signed webhooks over kept connections, at most 64 at a time for each receiver; the rest wait their turn. */
export class WebhookSender {
  private readonly options: http.AgentOptions = { keepAlive: true, maxSockets: maxConnections };
  private readonly agents = {
    'http:': new http.Agent(this.options),
    'https:': new https.Agent(this.options),
  };

  constructor(private readonly authToken: string) {}

  /** Posts once and waits for the whole answer; never rejects. */
  async post(url: string, params: WebhookParams, options: PostOptions = {}): Promise<WebhookAnswer> {
    const startedAt = performance.now();
    const headers = this.headers(url, params, options.signature ?? 'right');
    const body = new URLSearchParams(params).toString();
    let attempt = await this.attempt(url, headers, body);
    if (attempt.isStale || (options.retryConnection && attempt.isUnconnected)) {
      attempt = await this.attempt(url, headers, body);
    }
    return { ...attempt.answer, durationMs: Math.round(performance.now() - startedAt) };
  }

  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private headers(url: string, params: WebhookParams, signature: SignatureKind): http.OutgoingHttpHeaders {
    const key = signature === 'wrong' ? `not ${this.authToken}` : this.authToken;
    return {
      'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
      Accept: '*/*',
      'User-Agent': 'TwilioProxy/1.1',
      'I-Twilio-Idempotency-Token': randomUUID(),
      ...(signature !== 'none' && { 'X-Twilio-Signature': getExpectedTwilioSignature(key, url, params) }),
    };
  }

  private attempt(url: string, headers: http.OutgoingHttpHeaders, body: string): Promise<Attempt> {
    return new Promise((resolve) => {
      const protocol = new URL(url).protocol as 'http:' | 'https:';
      const request = (protocol === 'https:' ? https : http).request(url, {
        method: 'POST',
        agent: this.agents[protocol],
        headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
      });
      let isConnected = false;
      let connectTimer: NodeJS.Timeout | undefined;
      let answerTimer: NodeJS.Timeout | undefined;
      const settle = (answer: Partial<WebhookAnswer>, error?: NodeJS.ErrnoException) => {
        clearTimeout(connectTimer);
        clearTimeout(answerTimer);
        const none = { status: null, body: '', contentType: null, durationMs: 0 };
        resolve({
          answer: { ...none, ...answer, ...(error && { error: error.code ?? error.message }) },
          isUnconnected: !isConnected,
          // The receiver closed the kept connection just before it was used again: nobody read this request.
          isStale: request.reusedSocket && error?.code === 'ECONNRESET',
        });
      };
      // The clocks run from when a connection is free for this request, not while it waits for its turn.
      request.on('socket', (socket) => {
        isConnected = !socket.connecting;
        const expire = () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
        answerTimer = setTimeout(expire, answerTimeoutMs);
        if (isConnected) return;
        connectTimer = setTimeout(expire, connectTimeoutMs);
        socket.once('connect', () => {
          isConnected = true;
          clearTimeout(connectTimer);
        });
      });
      request.on('error', (error) => settle({}, error));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => settle({}, error));
        response.on('end', () =>
          settle({
            status: response.statusCode!,
            body: Buffer.concat(chunks).toString(),
            contentType: response.headers['content-type'] ?? null,
          }),
        );
      });
      request.end(body);
    });
  }
}

interface Attempt {
  answer: WebhookAnswer;
  isUnconnected: boolean;
  isStale: boolean;
}

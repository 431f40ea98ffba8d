import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the object server. */
export interface PassingRequest {
  /** `begin`: an upload is announced. `piece`: a part of one. `ask`: how far is it? `read`: a download. Else `other`. */
  kind: 'begin' | 'piece' | 'ask' | 'read' | 'other';
  method: string;
  url: string;
}

/**
 * What befalls a request. A number is answered in the server's place. `cut`: half of the body goes through (of the
 * request for a piece, of the answer for a download), then the connection breaks. `lose`: the server does it, and the
 * answer is lost. `stall`: nothing is answered, ever.
 */
export type Trouble = number | 'cut' | 'lose' | 'stall';

const QUESTION = 'bytes */*';

/** Stands before an object server and does to each request what the test wants. */
export class TroubledProxy {
  /** Every request that came. */
  readonly seen: PassingRequest[] = [];
  /** Decides what befalls a request; `undefined` lets it pass. */
  trouble: (request: PassingRequest) => Trouble | undefined = () => undefined;
  /** Bytes that the server has of each upload. */
  readonly #received = new Map<string, number>();
  readonly #finished = new Map<string, string>();
  readonly #server = createServer((request, response) => void this.#pass(request, response));

  private constructor(private readonly target: URL) {}

  static async start(target: string): Promise<TroubledProxy> {
    const proxy = new TroubledProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** No more trouble; nothing was seen. */
  calm(): void {
    this.trouble = () => undefined;
    this.seen.length = 0;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const passing = describe(request);
    this.seen.push(passing);
    const trouble = this.trouble(passing);
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    if (trouble === 'stall') return void request.resume();
    const body = await bodyOf(request).catch(() => null);
    if (body === null) return;
    if (typeof trouble === 'number') return void response.writeHead(trouble).end('{}');
    if (passing.kind === 'ask') return this.#tellProgress(passing, response);
    const isCutHere = trouble === 'cut' && passing.kind !== 'read';
    // A piece that does not come whole is dropped, as Google may do (it keeps multiples of 256 KiB of it).
    if (isCutHere) return void response.destroy();
    const answer = await this.#forward(request, body).catch(() => null);
    if (!answer) return void response.destroy();
    this.#note(passing, request, answer);
    if (trouble === 'lose') return void response.destroy();
    response.writeHead(answer.status, answer.headers);
    if (trouble !== 'cut') return void response.end(answer.body);
    response.write(answer.body.subarray(0, answer.body.length / 2), () => response.destroy());
  }

  /**
   * The object server takes the question how far an upload has come for its end. Google answers it, 308 with the range
   * that it has, none when it has nothing, and as the last piece was answered when it has all
   * (cloud.google.com/storage/docs/performing-resumable-uploads#status-check).
   */
  #tellProgress({ url }: PassingRequest, response: ServerResponse): void {
    const id = uploadOf(url);
    const finished = this.#finished.get(id);
    if (finished !== undefined)
      return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(finished);
    const received = this.#received.get(id) ?? 0;
    response.writeHead(308, received === 0 ? {} : { Range: `bytes=0-${received - 1}` }).end();
  }

  #note({ kind, url }: PassingRequest, request: IncomingMessage, answer: Forwarded): void {
    if (kind !== 'piece') return;
    const end = /^bytes \d+-(\d+)\//.exec(String(request.headers['content-range']))?.[1];
    if (answer.status === 308 && end) this.#received.set(uploadOf(url), Number(end) + 1);
    if (answer.status === 200) this.#finished.set(uploadOf(url), answer.body.toString());
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<Forwarded> {
    const { hostname, port } = this.target;
    const headers = { ...request.headers, 'content-length': String(body.length), connection: 'close' };
    delete (headers as Record<string, unknown>)['transfer-encoding'];
    return new Promise((resolve, reject) => {
      const onward = send(
        { hostname, port, path: request.url, method: request.method, headers },
        async (answer) =>
          resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: await bodyOf(answer) }),
      );
      onward.on('error', reject);
      onward.end(body);
    });
  }
}

interface Forwarded {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

function describe({ method = '', url = '', headers }: IncomingMessage): PassingRequest {
  const kindOf = (): PassingRequest['kind'] => {
    if (headers['content-range'] === QUESTION) return 'ask';
    if (url.includes('upload_id=')) return 'piece';
    if (url.includes('uploadType=resumable')) return 'begin';
    return url.includes('alt=media') ? 'read' : 'other';
  };
  return { kind: kindOf(), method, url };
}

const uploadOf = (url: string): string => /upload_id=(\w+)/.exec(url)?.[1] ?? '';

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

import { addAbortSignal, PassThrough, pipeline, Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CRC32C, IdempotencyStrategy, Storage, type Bucket, type File } from '@google-cloud/storage';
import { codeOfGcs, faultOfGcs, isPassing } from './gcs.errors.ts';
import { ObjectNotFound, type ObjectStore, type StoredObject } from './object-store.ts';
import { mustBeObjectName, StoreFault } from './store-fault.ts';

/** Where the bucket is and how it is spoken to. */
export interface GcsOptions {
  bucket: string;
  /** Folder within the bucket, without a slash at either end; may be empty. */
  prefix: string;
  /** Path of a service account's key; null takes the machine's own credentials. */
  credentialsFile: string | null;
  /** Another address than Google's; it is asked without credentials unless there is a file of them. */
  apiEndpoint: string | null;
  limits?: Partial<GcsLimits>;
}

/** How long things may take. */
export interface GcsLimits {
  /** One request, in milliseconds; a piece of an upload is one. */
  requestMs: number;
  /** How long nothing may move, further tries included, in milliseconds. */
  stallMs: number;
  /** Further tries after the first. */
  retries: number;
  /** A piece is kept in memory until the bucket has it, so that it can be sent again; a multiple of 256 KiB. */
  pieceBytes: number;
}

const LIMITS: GcsLimits = { requestMs: 60_000, stallMs: 180_000, retries: 4, pieceBytes: 4 * 1024 * 1024 };
const RETRY_PAUSE_MS = 500;
const GOOGLE = 'https://storage.googleapis.com';

/**
 * Objects of a Google Cloud Storage bucket. An upload goes up piece by piece, and is an object when its last piece is
 * there and has the checksum; a download that breaks off is resumed, and its whole has the checksum or fails at its end.
 */
export class GcsObjectStore implements ObjectStore {
  readonly place: string;
  readonly #storage: Storage;
  readonly #bucket: Bucket;
  readonly #isAnonymous: boolean;
  readonly #folder: string;
  readonly #limits: GcsLimits;

  constructor({ bucket, prefix, credentialsFile, apiEndpoint, limits }: GcsOptions) {
    this.#limits = { ...LIMITS, ...limits };
    const { requestMs, stallMs, retries } = this.#limits;
    const storage = (this.#storage = new Storage({
      ...(credentialsFile === null ? {} : { keyFilename: credentialsFile }),
      ...(apiEndpoint === null ? {} : { apiEndpoint, useAuthWithCustomEndpoint: credentialsFile !== null }),
      timeout: requestMs,
      retryOptions: {
        autoRetry: true,
        maxRetries: retries,
        totalTimeout: stallMs / 1_000,
        maxRetryDelay: 16,
        retryableErrorFn: isPassing,
        // Nothing is ever written over another object, and deleting twice is deleting once.
        idempotencyStrategy: IdempotencyStrategy.RetryAlways,
      },
    }));
    // As the library decides it: a stand-in of the bucket knows no credentials.
    this.#isAnonymous = credentialsFile === null && storage.apiEndpoint !== GOOGLE;
    // The requests of an upload do not know the client's own time-out.
    storage.interceptors.push({
      request: (options) => ({ timeout: requestMs, ...options }) as typeof options & { uri: string },
    });
    this.#bucket = storage.bucket(bucket);
    this.#folder = prefix === '' ? '' : `${prefix}/`;
    this.place = `gs://${bucket}/${prefix}`;
  }

  /** @throws StoreFault */
  async put(name: string, content: Readable, signal?: AbortSignal): Promise<StoredObject> {
    const crc32c = new CRC32C();
    let bytes = 0;
    let isSent = false;
    let upload: Writable | undefined;
    try {
      mustBeObjectName(name);
      signal?.throwIfAborted();
      if (signal) addAbortSignal(signal, content);
      const file = this.#file(name);
      upload = file.createWriteStream({
        chunkSize: this.#limits.pieceBytes,
        validation: 'crc32c',
        preconditionOpts: { ifGenerationMatch: 0 },
        metadata: { contentType: 'application/octet-stream' },
      });
      const whole = new PatientWriter(upload, (work) => this.#patiently(work, signal));
      for await (const chunk of content as AsyncIterable<Buffer>) {
        crc32c.update(chunk);
        bytes += chunk.length;
        await whole.write(chunk);
      }
      isSent = true;
      await whole.end();
      return this.#describe(file);
    } catch (error) {
      content.destroy();
      upload?.destroy();
      if (signal?.aborted || error === content.errored) throw error;
      // The answer to the last piece may have been lost, not the piece.
      const stored = isSent ? await this.#find(name, bytes, crc32c.toString()) : null;
      if (stored) return stored;
      throw faultOfGcs(error, this.place, name);
    }
  }

  /** @throws ObjectNotFound, StoreFault */
  async get(name: string, signal?: AbortSignal): Promise<Readable> {
    mustBeObjectName(name);
    const file = this.#file(name);
    await this.#ask(() => file.getMetadata(), name, signal).catch((error: unknown) => {
      throw error instanceof StoreFault && error.code === 'no_bucket'
        ? new ObjectNotFound(name, this.place)
        : error;
    });
    const gone = new AbortController();
    const out = new PassThrough();
    if (signal) addAbortSignal(signal, out);
    pipeline(Readable.from(this.#download(file, gone.signal)), out, () => undefined);
    // Whoever reads no more wants no more requests.
    out.once('close', () => gone.abort());
    return out;
  }

  /** @throws StoreFault */
  async list(): Promise<StoredObject[]> {
    const [files] = await this.#ask(() => this.#bucket.getFiles({ prefix: this.#folder }));
    return files
      .map((file) => this.#describe(file))
      .filter(({ name }) => name !== '' && !name.includes('/'))
      .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  }

  /** @throws StoreFault */
  async delete(name: string): Promise<void> {
    mustBeObjectName(name);
    await this.#ask(() => this.#file(name).delete({ ignoreNotFound: true }), name);
  }

  #file(name: string): File {
    return this.#bucket.file(this.#folder + name);
  }

  #describe({ name, metadata }: File): StoredObject {
    return {
      name: name.slice(this.#folder.length),
      bytes: Number(metadata.size),
      createdAt: new Date(metadata.timeCreated ?? 0),
    };
  }

  /** The object, when it is there with just this content. */
  async #find(name: string, bytes: number, crc32c: string): Promise<StoredObject | null> {
    const file = this.#file(name);
    const isThere = await this.#ask(() => file.getMetadata()).catch(() => null);
    const { size, crc32c: stored } = file.metadata;
    return isThere && Number(size) === bytes && stored === crc32c ? this.#describe(file) : null;
  }

  /**
   * The content, read on from where it broke off; an error that another try cannot mend ends it. Not by the library's own
   * stream: that throws where nobody can catch it when a server fails and the stream is gone.
   */
  async *#download({ name, metadata }: File, gone: AbortSignal): AsyncGenerator<Buffer> {
    const short = name.slice(this.#folder.length);
    const size = Number(metadata.size);
    const crc32c = new CRC32C();
    let received = 0;
    for (let failures = 0; received < size;) {
      const attempt = new AbortController();
      const signal = AbortSignal.any([gone, attempt.signal]);
      try {
        const chunks = await this.#soon(this.#open(name, received, signal), gone);
        for (;;) {
          const { done, value } = await this.#soon(chunks.read(), gone);
          if (done) break;
          crc32c.update(Buffer.from(value.buffer, value.byteOffset, value.length));
          received += value.length;
          yield Buffer.from(value.buffer, value.byteOffset, value.length);
        }
        if (received < size) throw Object.assign(new Error(), { code: 'ECONNRESET' });
      } catch (error) {
        if (gone.aborted || !isPassing(error) || ++failures > this.#limits.retries)
          throw faultOfGcs(error, this.place, short);
        await sleep(RETRY_PAUSE_MS * failures, undefined, { signal: gone });
      } finally {
        attempt.abort();
      }
    }
    if (received !== size || crc32c.toString() !== metadata.crc32c)
      throw new StoreFault('damaged', `${short} did not come as it lies in ${this.place}; try again`);
  }

  /** Asks for the content from that byte on. */
  async #open(
    name: string,
    start: number,
    signal: AbortSignal,
  ): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { apiEndpoint, authClient } = this.#storage;
    const url = `${apiEndpoint}/storage/v1/b/${this.#bucket.name}/o/${encodeURIComponent(name)}?alt=media`;
    const headers = new Headers(this.#isAnonymous ? {} : await authClient.getRequestHeaders());
    headers.set('Range', `bytes=${start}-`);
    headers.set('Accept-Encoding', 'identity');
    const response = await fetch(url, { headers, signal });
    if (response.ok && response.body) return response.body.getReader();
    throw Object.assign(new Error(), { code: response.status });
  }

  /** Waits for what one request answers. */
  #soon<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#patiently(work, signal, this.#limits.requestMs);
  }

  async #ask<T>(work: () => Promise<T>, name?: string, signal?: AbortSignal): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await this.#patiently(work(), signal);
    } catch (error) {
      throw signal?.aborted ? error : faultOfGcs(error, this.place, name);
    }
  }

  /** Waits for `work`, but neither longer than nothing may move nor after the signal. */
  async #patiently<T>(work: Promise<T>, signal?: AbortSignal, limitMs = this.#limits.stallMs): Promise<T> {
    work.catch(() => undefined);
    const ended = new AbortController();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const stalled = sleep(limitMs, undefined, { signal: ended.signal }).then(
      () => {
        throw Object.assign(new Error(), { code: 'ETIMEDOUT' });
      },
      () => new Promise<never>(() => undefined),
    );
    try {
      return await Promise.race([work, aborted, stalled]);
    } finally {
      ended.abort();
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Writes to a stream whose end is told by events alone: nothing waits for a stream that is gone. */
class PatientWriter {
  readonly #broken: Promise<never>;

  constructor(
    private readonly stream: Writable,
    private readonly patiently: (work: Promise<void>) => Promise<void>,
  ) {
    this.#broken = new Promise((_, reject) => {
      stream.once('error', reject);
      stream.once('close', () => reject(Object.assign(new Error(), { code: codeOfGcs(stream.errored) })));
    });
    this.#broken.catch(() => undefined);
  }

  write(chunk: Buffer): Promise<void> {
    return this.#settles((done) => this.stream.write(chunk, done));
  }

  end(): Promise<void> {
    return this.#settles((done) => this.stream.once('finish', done).end());
  }

  #settles(begin: (done: (error?: Error | null) => void) => unknown): Promise<void> {
    const done = new Promise<void>((resolve, reject) =>
      begin((error) => (error ? reject(error) : resolve())),
    );
    return this.patiently(Promise.race([done, this.#broken]));
  }
}

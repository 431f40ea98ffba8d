import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findObjectServer, startObjectServer, type ObjectServer } from '#libs/testing/object-server';
import { FolderObjectStore } from './folder.object-store.ts';
import { GcsObjectStore } from './gcs.object-store.ts';
import { ObjectNotFound, type ObjectStore } from './object-store.ts';
import { TroubledProxy, type PassingRequest, type Trouble } from './troubled-proxy.fixture.ts';

const PIECE = 256 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'kronus-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sha = (content: Buffer) => createHash('sha256').update(content).digest('hex');
/** A stream of it in pieces that fit nothing. */
const streamOf = (content: Buffer) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < content.length; at += 77_777) yield content.subarray(at, at + 77_777);
    })(),
    { objectMode: false },
  );
/** A stream that breaks after so many bytes. */
const breakingAfter = (content: Buffer, error: Error) =>
  Readable.from(
    (async function* () {
      yield content;
      await new Promise((resolve) => setImmediate(resolve));
      throw error;
    })(),
    { objectMode: false },
  );
const namesIn = async (store: ObjectStore) => (await store.list()).map(({ name }) => name);

/** The same for every store. */
function behavesAsAStore(store: () => ObjectStore): void {
  it.each([
    ['nothing', 0],
    ['a byte', 1],
    ['exactly one piece', PIECE],
    ['exactly two pieces', 2 * PIECE],
    ['several pieces', 4 * PIECE + 17],
  ])('gives back what it was given: %s', async (_, size) => {
    const content = randomBytes(size);
    const put = await store().put('a.tar', streamOf(content));
    expect(put).toEqual({ name: 'a.tar', bytes: size, createdAt: expect.anything() });
    expect(Math.abs(put.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect(sha(await buffer(await store().get('a.tar')))).toBe(sha(content));
    expect(await store().list()).toEqual([put]);
  });

  it('lists the newest first, and forgets what is deleted, also twice', async () => {
    expect(await store().list()).toEqual([]);
    for (const name of ['one.gpg', 'two.gpg', 'three.gpg']) {
      await store().put(name, streamOf(randomBytes(10)));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await namesIn(store())).toEqual(['three.gpg', 'two.gpg', 'one.gpg']);
    await store().delete('two.gpg');
    await store().delete('two.gpg');
    expect(await namesIn(store())).toEqual(['three.gpg', 'one.gpg']);
    await expect(store().get('two.gpg')).rejects.toThrow(ObjectNotFound);
  });

  it('never writes over an object', async () => {
    const first = randomBytes(2 * PIECE);
    await store().put('a.tar', streamOf(first));
    await expect(store().put('a.tar', streamOf(randomBytes(20)))).rejects.toMatchObject({
      code: 'exists',
      message: `there is a a.tar in ${store().place} already`,
    });
    expect(sha(await buffer(await store().get('a.tar')))).toBe(sha(first));
  });

  it.each([
    ['at once', 10],
    ['after several pieces', 3 * PIECE + 1],
  ])('has nothing of content that breaks %s, and passes its error on', async (_, size) => {
    const error = new Error('the database went away');
    await expect(store().put('a.tar', breakingAfter(randomBytes(size), error))).rejects.toBe(error);
    expect(await store().list()).toEqual([]);
    await store().put('a.tar', streamOf(randomBytes(10)));
  });

  it('has nothing of content that nobody wants any more, and ends its stream', async () => {
    const leaving = new AbortController();
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(PIECE));
        if (this.readableFlowing !== null) setImmediate(() => leaving.abort());
      },
    });
    setTimeout(() => leaving.abort(), 200);
    await expect(store().put('a.tar', endless, leaving.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(endless.destroyed).toBe(true);
    expect(await store().list()).toEqual([]);
    const late = streamOf(randomBytes(10));
    await expect(store().put('a.tar', late, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(late.destroyed).toBe(true);
  });

  it('ends a download that nobody wants any more', async () => {
    await store().put('a.tar', streamOf(randomBytes(9 * PIECE)));
    const leaving = new AbortController();
    const stream = await store().get('a.tar', leaving.signal);
    const read = (async () => {
      for await (const _ of stream) leaving.abort();
    })();
    await expect(read).rejects.toMatchObject({ name: 'AbortError' });
    expect(stream.destroyed).toBe(true);
  });

  it.each(['', '.', '..', '../a', 'a/b', '/etc/passwd', '.hidden', 'a\0b', 'ä', 'a b', 'x'.repeat(201)])(
    'takes no name like %j',
    async (name) => {
      const content = streamOf(randomBytes(10));
      await expect(store().put(name, content)).rejects.toMatchObject({ code: 'bad_name' });
      expect(content.destroyed).toBe(true);
      await expect(store().get(name)).rejects.toMatchObject({ code: 'bad_name' });
      await expect(store().delete(name)).rejects.toMatchObject({ code: 'bad_name' });
    },
  );
}

describe('a folder', () => {
  let place: string;
  let store: FolderObjectStore;
  beforeEach(() => {
    place = join(mkdtempSync(join(folder, 'f-')), 'deep', 'backups');
    store = new FolderObjectStore(place);
  });
  behavesAsAStore(() => store);

  it('is for its owner only', async () => {
    await store.put('a.tar', streamOf(randomBytes(10)));
    expect(statSync(place).mode & 0o777).toBe(0o700);
    expect(statSync(join(place, 'a.tar')).mode & 0o777).toBe(0o600);
    expect(readdirSync(place)).toEqual(['a.tar']);
  });

  it('shows nothing half written, and clears away what was left more than a day ago', async () => {
    mkdirSync(place, { recursive: true });
    const [old, fresh] = [join(place, '.old.tar.1.part'), join(place, '.new.tar.1.part')];
    for (const file of [old, fresh]) writeFileSync(file, 'half');
    const twoDaysAgo = Date.now() / 1_000 - 2 * 24 * 3_600;
    utimesSync(old, twoDaysAgo, twoDaysAgo);
    mkdirSync(join(place, 'a-folder'));
    expect(await store.list()).toEqual([]);
    expect(readdirSync(place).sort()).toEqual(['.new.tar.1.part', 'a-folder']);
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? it.skip : it)('says when it may not be written', async () => {
    mkdirSync(place, { recursive: true });
    chmodSync(place, 0o500);
    await expect(store.put('a.tar', streamOf(randomBytes(10)))).rejects.toMatchObject({ code: 'refused' });
  });

  it('says when something else stands in its place', async () => {
    mkdirSync(join(place, '..'), { recursive: true });
    writeFileSync(place, 'a file');
    const failed = { name: 'StoreFault', code: 'failed', message: `${place} cannot be used (ENOTDIR)` };
    await expect(store.put('a.tar', streamOf(randomBytes(10)))).rejects.toMatchObject(failed);
    await expect(store.list()).rejects.toMatchObject(failed);
  });
});

const program = await findObjectServer((text) => console.error(`object server: ${text}`));
if (!program)
  console.error(
    'SKIPPED: the tests of Google Cloud Storage, because there is no Go to build its stand-in with',
  );

(program ? describe : describe.skip)('a bucket of Google Cloud Storage', () => {
  let server: ObjectServer;
  let proxy: TroubledProxy;
  let store: GcsObjectStore;
  let number = 0;
  beforeAll(async () => {
    server = await startObjectServer(program!, folder);
    proxy = await TroubledProxy.start(server.url);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  const open = (options: { bucket?: string; apiEndpoint?: string } = {}) =>
    new GcsObjectStore({
      bucket: server.bucket,
      prefix: `kronus-${++number}`,
      credentialsFile: null,
      apiEndpoint: proxy.url,
      limits: { requestMs: 1_500, stallMs: 10_000, retries: 2, pieceBytes: PIECE },
      ...options,
    });
  beforeEach(() => {
    proxy.calm();
    store = open();
  });
  afterEach(() => proxy.calm());
  behavesAsAStore(() => store);

  it('keeps to its own folder of the bucket', async () => {
    const other = open();
    await other.put('theirs.tar', streamOf(randomBytes(10)));
    await store.put('ours.tar', streamOf(randomBytes(10)));
    expect([await namesIn(store), await namesIn(other)]).toEqual([['ours.tar'], ['theirs.tar']]);
  });

  /** Lets the first so many requests of a kind meet trouble. */
  const meets = (kind: PassingRequest['kind'], trouble: Trouble, { times = 1, after = 0 } = {}) => {
    let count = 0;
    proxy.trouble = (request) => {
      if (request.kind !== kind) return undefined;
      count += 1;
      return count > after && count <= after + times ? trouble : undefined;
    };
  };
  const content = randomBytes(3 * PIECE + 1_000);
  const expectWhole = async () => {
    proxy.calm();
    expect(sha(await buffer(await store.get('a.tar')))).toBe(sha(content));
    expect((await store.list()).map(({ bytes }) => bytes)).toEqual([content.length]);
  };

  // An announcement, then four pieces.
  it.each<[PassingRequest['kind'], Trouble, number]>([
    ['begin', 503, 0],
    ['begin', 'cut', 0],
    ['piece', 500, 0],
    ['piece', 503, 1],
    ['piece', 'cut', 1],
    ['piece', 'cut', 3],
    ['piece', 'lose', 1],
    ['piece', 'lose', 3],
    ['piece', 'stall', 2],
  ])('an upload survives: %s meets %s after %i', async (kind, trouble, after) => {
    meets(kind, trouble, { after });
    const put = await store.put('a.tar', streamOf(content));
    expect(put.bytes).toBe(content.length);
    await expectWhole();
  });

  it.each<[PassingRequest['kind'], Trouble, number]>([
    ['begin', 503, 0],
    ['begin', 'stall', 0],
    ['piece', 503, 0],
    ['piece', 503, 2],
    ['piece', 'cut', 2],
    ['piece', 'cut', 3],
    ['piece', 'stall', 3],
  ])('an upload that fails for good leaves nothing: %s meets %s after %i', async (kind, trouble, after) => {
    meets(kind, trouble, { after, times: Infinity });
    const source = streamOf(content);
    await expect(store.put('a.tar', source)).rejects.toMatchObject({
      name: 'StoreFault',
      code: 'unreachable',
      message: expect.stringMatching(/^gs:\/\/backups\/kronus-\d+ cannot be reached \(\w+\)$/),
    });
    expect(source.destroyed).toBe(true);
    proxy.calm();
    expect(await store.list()).toEqual([]);
  });

  it.each<[Trouble, number]>([
    [500, 0],
    [503, 0],
    ['cut', 0],
    ['lose', 0],
    ['stall', 0],
  ])('a download is read on from where it broke off: it meets %s', async (trouble) => {
    await store.put('a.tar', streamOf(content));
    meets('read', trouble, { times: 2 });
    expect(sha(await buffer(await store.get('a.tar')))).toBe(sha(content));
  });

  it.each<Trouble>([503, 'cut', 'stall'])(
    'a download that fails for good breaks: it meets %s',
    async (trouble) => {
      await store.put('a.tar', streamOf(content));
      meets('read', trouble, { times: Infinity });
      const stream = await store.get('a.tar');
      await expect(buffer(stream)).rejects.toMatchObject({ name: 'StoreFault', code: 'unreachable' });
    },
  );

  it.each<Trouble>([503, 'cut', 'stall'])(
    'neither lists nor deletes through %s, and never hangs',
    async (trouble) => {
      proxy.trouble = () => trouble;
      const works = [store.list(), store.delete('a.tar'), store.get('a.tar')];
      for (const { reason } of (await Promise.allSettled(works)) as PromiseRejectedResult[])
        expect(reason).toMatchObject({ name: 'StoreFault', code: 'unreachable' });
    },
  );

  it('says when there is no such bucket, and when nobody is there', async () => {
    await expect(open({ bucket: 'absent' }).list()).rejects.toMatchObject({ code: 'no_bucket' });
    await expect(open({ bucket: 'absent' }).put('a.tar', streamOf(content))).rejects.toMatchObject({
      code: 'no_bucket',
    });
    await expect(open({ apiEndpoint: 'http://127.0.0.1:9' }).list()).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it.each([401, 403])('says that the credentials are refused (%i), and tries once', async (status) => {
    proxy.trouble = () => status;
    await expect(store.list()).rejects.toMatchObject({ code: 'refused' });
    expect(proxy.seen).toHaveLength(1);
    await expect(store.put('a.tar', streamOf(content))).rejects.toMatchObject({ code: 'refused' });
  });

  it('tells a key file that is not there from a bucket that is not', async () => {
    const keyless = new GcsObjectStore({
      bucket: server.bucket,
      prefix: 'kronus',
      credentialsFile: join(folder, 'absent.json'),
      apiEndpoint: proxy.url,
    });
    await expect(keyless.list()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('GOOGLE_APPLICATION_CREDENTIALS'),
    });
  });
});

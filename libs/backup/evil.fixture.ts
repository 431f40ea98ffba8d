import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { bytesOf, NAME, NOW, PASS_PHRASE, TestStore } from './backup.fixture.ts';
import { MANIFEST_FILE, type Manifest } from './manifest.ts';
import { seal } from './seal.ts';
import { END_OF_TAR, paddingOf, ustarHeader } from './ustar.ts';
import { compressor } from './zstd.ts';

export const CSV = Buffer.from('id,name\n1,"two\nlines"\n2,"a ""quote"""\n3,\n');

/** A manifest as an honest Kronus would write it, of one table, with changes. */
export const manifestWith = (change: (manifest: Manifest) => void = () => undefined): Manifest => {
  const sha256 = createHash('sha256').update(CSV).digest('hex');
  const table = {
    name: 'users',
    columns: ['id', 'name'],
    rows: 3,
    bytes: CSV.length,
    sha256,
    file: 'kronus/users.csv',
  };
  const manifest: Manifest = {
    format: 1,
    kronus_version: '1.0.0',
    created_at: NOW.toISOString(),
    databases: [{ name: 'kronus', migrations: [], tables: [table], sequences: [] }],
  };
  change(manifest);
  return manifest;
};

/** A file of a tar with its header. */
export const file = (name: string, content: Buffer): Buffer =>
  Buffer.concat([ustarHeader(name, content.length, NOW), content, Buffer.alloc(paddingOf(content.length))]);

/** The first entry of an archive. */
export const manifestFile = (manifest: unknown): Buffer =>
  file(MANIFEST_FILE, Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest)));

/** A file of a tar whose header says something else too, with a checksum that fits. */
export const fileWith = (name: string, content: Buffer, change: (header: Buffer) => void): Buffer => {
  const entry = file(name, content);
  const header = entry.subarray(0, 512);
  change(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return entry;
};

/** An honest tar. */
export const honestTar = (): Buffer[] => [
  manifestFile(manifestWith()),
  file('kronus/users.csv', CSV),
  END_OF_TAR,
];

/** Compresses as an archive is. */
export const zipped = async (parts: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> => {
  const zstd = compressor();
  const [compressed] = await Promise.all([bytesOf(zstd), pipeline(Readable.from(parts), zstd)]);
  return compressed;
};

/** Encrypts as an archive is, with the right pass phrase. */
export const sealed = (plain: Buffer): Promise<Buffer> =>
  bytesOf(seal(Readable.from([plain]) as AsyncIterable<Buffer>, PASS_PHRASE, NOW));

/** A store with one object. */
export const storeOf = (object: Buffer): TestStore => {
  const store = new TestStore();
  store.objects.set(NAME, object);
  return store;
};

/** An honest tar, compressed as a stream of unknown length with other parameters. */
export const zippedWith = async (params: Record<number, number>): Promise<Buffer> => {
  const zstd = createZstdCompress({ params });
  const [compressed] = await Promise.all([bytesOf(zstd), pipeline(Readable.from(honestTar()), zstd)]);
  return compressed;
};

import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { ObjectNotFound, type ObjectStore } from '#libs/storage/object-store';
import { cancelled, diskFault, storeFault } from './backup-fault.ts';

/** Which object to copy. */
export interface CopyOptions {
  store: ObjectStore;
  name: string;
  scratchDir: string;
  signal?: AbortSignal;
  say?: (text: string) => void;
}

const BLOCK_BYTES = 256 * 1024;
const SAY_EVERY_BYTES = 64 * 1024 * 1024;

/**
 * An object, as encrypted as it is in the store, wholly on the local disk. The file has no name any more, so nobody else
 * can change it between two reads, and it is gone when the process is, however that ends.
 */
export class LocalCopy {
  private constructor(
    readonly name: string,
    readonly bytes: number,
    private readonly file: FileHandle,
  ) {}

  /**
   * Downloads an object.
   * @throws BackupFault
   */
  static async of({ store, name, scratchDir, signal, say }: CopyOptions): Promise<LocalCopy> {
    const file = await openNameless(scratchDir);
    try {
      let bytes = 0;
      for await (const chunk of chunksOf(store, name, signal)) {
        if (signal?.aborted) throw cancelled();
        await append(file, chunk, scratchDir);
        const before = bytes;
        bytes += chunk.length;
        if (Math.floor(before / SAY_EVERY_BYTES) < Math.floor(bytes / SAY_EVERY_BYTES)) {
          say?.(`downloading ${name}, ${Math.round(bytes / 1024 / 1024)} MiB so far`);
        }
      }
      return new LocalCopy(name, bytes, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** All of it, block by block. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.bytes; at += BLOCK_BYTES) yield await this.peek(at, BLOCK_BYTES);
  }

  /** At most `length` bytes from `position` on; fewer where it ends. */
  async peek(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `backup-${randomUUID()}.tar.zst.gpg`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  } catch (error) {
    throw diskFault(error, folder);
  }
}

async function append(file: FileHandle, chunk: Uint8Array, folder: string): Promise<void> {
  try {
    await file.appendFile(chunk);
  } catch (error) {
    throw diskFault(error, folder);
  }
}

async function* chunksOf(store: ObjectStore, name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const content = await store.get(name, signal);
    if (signal) addAbortSignal(signal, content);
    yield* content as AsyncIterable<Buffer>;
  } catch (error) {
    throw signal?.aborted && !(error instanceof ObjectNotFound)
      ? cancelled()
      : storeFault(error, name, store.place);
  }
}

import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ObjectNotFound, type ObjectStore, type StoredObject } from './object-store.ts';
import { isObjectName, mustBeObjectName, StoreFault } from './store-fault.ts';

const PARTIAL = /^\..*\.part$/;
/** Nobody writes for that long: what is older was left by a process that died. */
const PARTIAL_LIMIT_MS = 24 * 60 * 60_000;

/** File systems that know no hard links say so in one of these ways. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Objects as files of one folder, for their owner only. What is listed was written wholly and is on the disk. */
export class FolderObjectStore implements ObjectStore {
  readonly place: string;

  constructor(private readonly folder: string) {
    this.place = folder;
  }

  /** @throws StoreFault */
  async put(name: string, content: Readable, signal?: AbortSignal): Promise<StoredObject> {
    const partial = join(this.folder, `.${name}.${randomUUID()}.part`);
    try {
      mustBeObjectName(name);
      signal?.throwIfAborted();
      await this.#make();
      const file = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(content, file, { signal });
      await this.#name(partial, join(this.folder, name));
      await syncFolder(this.folder);
      return await this.#describe(name);
    } catch (error) {
      content.destroy();
      // What broke the content, or the caller who wants no more of it, is not the store's fault.
      throw error === content.errored || signal?.aborted ? error : this.#fault(error, name);
    } finally {
      await rm(partial, { force: true }).catch(() => undefined);
    }
  }

  /** @throws ObjectNotFound, StoreFault */
  async get(name: string, signal?: AbortSignal): Promise<Readable> {
    mustBeObjectName(name);
    try {
      const handle = await open(join(this.folder, name), 'r');
      return handle.createReadStream({ signal });
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? new ObjectNotFound(name, this.place) : this.#fault(error, name);
    }
  }

  /** Also removes what a process left half written that died more than a day ago. @throws StoreFault */
  async list(): Promise<StoredObject[]> {
    try {
      const entries = await readdir(this.folder, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
      await Promise.all(names.filter((name) => PARTIAL.test(name)).map((name) => this.#removeOld(name)));
      const objects = await Promise.all(
        names.filter(isObjectName).map((name) => this.#describe(name).catch(goneMeanwhile)),
      );
      return objects.filter((object) => object !== null).sort(newestFirst);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw this.#fault(error);
    }
  }

  /** @throws StoreFault */
  async delete(name: string): Promise<void> {
    mustBeObjectName(name);
    try {
      await rm(join(this.folder, name), { force: true });
    } catch (error) {
      throw this.#fault(error, name);
    }
  }

  async #make(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      // A file stands in its place, which is something else than an object of that name.
      throw codeOf(error) === 'EEXIST' ? Object.assign(new Error(), { code: 'ENOTDIR' }) : error;
    }
  }

  /** Gives the written file its name, unless there is one of that name. */
  async #name(partial: string, path: string): Promise<void> {
    try {
      await link(partial, path);
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
      if (await stat(path).catch(goneMeanwhile)) throw Object.assign(new Error(), { code: 'EEXIST' });
      await rename(partial, path);
    }
  }

  async #describe(name: string): Promise<StoredObject> {
    const { size, mtime } = await stat(join(this.folder, name));
    return { name, bytes: size, createdAt: mtime };
  }

  async #removeOld(partial: string): Promise<void> {
    const path = join(this.folder, partial);
    const left = await stat(path).catch(goneMeanwhile);
    if (left && Date.now() - left.mtimeMs > PARTIAL_LIMIT_MS) await rm(path, { force: true });
  }

  #fault(error: unknown, name?: string): Error {
    if (error instanceof StoreFault) return error;
    const code = codeOf(error);
    switch (code) {
      case 'EEXIST':
        return new StoreFault('exists', `there is a ${name} in ${this.place} already`);
      case 'ENOSPC':
      case 'EDQUOT':
        return new StoreFault('no_space', `there is no space left in ${this.place}`);
      case 'EACCES':
      case 'EROFS':
      case 'EPERM':
        return new StoreFault('refused', `${this.place} may not be written or read by this user (${code})`);
      default:
        return new StoreFault('failed', `${this.place} cannot be used (${code ?? 'unknown'})`);
    }
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

function goneMeanwhile(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

/** Of two of the same moment the one with the later name. */
const newestFirst = (one: StoredObject, other: StoredObject): number =>
  other.createdAt.getTime() - one.createdAt.getTime() || (one.name < other.name ? 1 : -1);

/** Without it a power cut could forget the new name, though not the content. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

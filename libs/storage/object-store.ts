import type { Readable } from 'node:stream';

/** An object as the store lists it. */
export interface StoredObject {
  /** Without the prefix of the store. */
  name: string;
  bytes: number;
  createdAt: Date;
}

/** Where backups lie. Names are plain file names; what stands before them is the store's own affair. */
export interface ObjectStore {
  /** Where it is, for people: `gs://bucket/prefix` or a folder; holds no secret. */
  readonly place: string;
  /**
   * Stores a stream under a new name. The object is there wholly, or not at all: when the stream, the signal or the
   * network breaks, nothing of that name is listed.
   * @throws when there is an object of that name already
   */
  put(name: string, content: Readable, signal?: AbortSignal): Promise<StoredObject>;
  /**
   * Streams an object; the stream breaks when the connection does.
   * @throws ObjectNotFound
   */
  get(name: string, signal?: AbortSignal): Promise<Readable>;
  /** All objects, newest first. */
  list(): Promise<StoredObject[]>;
  /** Deletes an object; one that is gone already is no error. */
  delete(name: string): Promise<void>;
}

/** Thrown by `ObjectStore.get`. */
export class ObjectNotFound extends Error {
  override readonly name = 'ObjectNotFound';

  constructor(name: string, place: string) {
    super(`there is no ${name} in ${place}`);
  }
}

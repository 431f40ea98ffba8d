import { randomUUID } from 'node:crypto';
import { Transform, pipeline } from 'node:stream';
import type { MikroORM } from '@mikro-orm/postgresql';
import { BackupFault, databaseFault } from '#libs/backup/backup-fault';
import { CORE_DATABASE, type Manifest } from '#libs/backup/manifest';
import type { Migrations } from '#libs/backup/migrations';
import { proveRestore } from '#libs/backup/prove-restore';
import { writeArchive, type ArchivedDatabase } from '#libs/backup/write-archive';
import { Backup, type BackupSummary } from '#libs/db/entities/backup.entity';
import {
  beginAttempt,
  beginBackup,
  forgetOldBackups,
  knownBackups,
  noteProgress,
  recordAttemptError,
  recordFailure,
  recordProof,
  recordSuccess,
} from '#libs/db/queries/backups';
import { backupName, backupsAmong, expiredBackups, type BackupKind } from '#libs/domain/backup';
import type { Clock } from '#libs/domain/clock';
import { ObjectNotFound, type ObjectStore } from '#libs/storage/object-store';
import { StoreFault } from '#libs/storage/store-fault';
import { findClientDatabases } from './client-databases.ts';

/** What backups are made with. */
export interface BackupMakerDeps {
  /** The record. */
  orm: MikroORM;
  store: ObjectStore;
  clock: Clock;
  /** The core database as the role that may only read, and as its owner. */
  databases: { readOnlyUrl: string; adminUrl: string };
  passPhrase: string;
  retentionDays: number;
  /** Where a drill keeps its (encrypted) copy while it runs. */
  scratchDir: string;
  kronusVersion: string;
  /** How databases get their schema back; what it does not know could not be restored, and is not backed up. */
  migrations: Migrations;
  /** Lets the roles use a restored database. */
  prepareDatabase?: (url: string) => Promise<void>;
}

/** Which backup to make; a second attempt has the same id. */
export interface BackupOrder {
  id: string;
  kind: BackupKind;
  signal?: AbortSignal;
  /** Called with the bytes that were written so far, once a second at most. */
  onProgress?: (bytes: number) => void;
  /** Told what is going on, for people. */
  say?: (text: string) => void;
}

/** A backup that is in the store. */
export interface MadeBackup {
  id: string;
  name: string;
  bytes: number;
  rows: number;
}

const PROGRESS_EVERY_MS = 1_000;
const NOTE_EVERY_MS = 10_000;

/** Makes backups, removes those that are too old, and proves that the newest can be restored; keeps the record of all that. */
export class BackupMaker {
  readonly #deps: BackupMakerDeps;

  constructor(deps: BackupMakerDeps) {
    this.#deps = deps;
  }

  /**
   * Makes a backup under a name of this moment; null when another one is under way. A second attempt starts anew, because
   * nothing is left of the first; when that one went well after all, its backup is the answer.
   * @throws BackupFault, StoreFault; the attempt is recorded with its sentence, and the backup as one that still runs
   */
  async make(order: BackupOrder): Promise<MadeBackup | null> {
    const { orm, clock } = this.#deps;
    const done = await orm.em.fork().findOne(Backup, { id: order.id, status: 'succeeded' });
    if (done) return toMade(done);
    const { id, kind } = order;
    if (!(await beginBackup(orm.em.fork(), { id, kind, now: clock.now() }))) return null;
    try {
      return await this.#attempt(order);
    } catch (error) {
      // The record may be what is away; the first error is the one that matters.
      await recordAttemptError(orm.em.fork(), id, sentenceOf(error), clock.now()).catch(() => undefined);
      throw error;
    }
  }

  async #attempt({ id, signal, onProgress, say }: BackupOrder): Promise<MadeBackup> {
    const { orm, store, clock, passPhrase, kronusVersion } = this.#deps;
    const now = clock.now();
    const name = backupName(now);
    await beginAttempt(orm.em.fork(), id, name, now);
    const databases = await this.#databases();
    const archive = writeArchive({ databases, passPhrase, kronusVersion, now, signal, say });
    // Its failure is the content's, which the store tells; nobody waits for it then.
    archive.finished.catch(() => undefined);
    const counted = new Counter(
      (bytes) => onProgress?.(bytes),
      (bytes) => noteProgress(orm.em.fork(), id, bytes, clock.now()),
    );
    pipeline(archive.content, counted, () => undefined);
    const { bytes } = await store.put(name, counted, signal);
    const summary = summaryOf(await archive.finished);
    await recordSuccess(orm.em.fork(), id, { name, bytes, summary, now: clock.now() });
    return { id, name, bytes, rows: rowsIn(summary) };
  }

  /** Records that no further attempt is made; why is what the last one recorded, else the given sentence. */
  giveUp(id: string, sentence: string): Promise<void> {
    return recordFailure(this.#deps.orm.em.fork(), id, sentence, this.#deps.clock.now());
  }

  /** Removes backups that are too old, never the newest good one, and forgets old records; answers the removed names. */
  async removeExpired(): Promise<string[]> {
    const { orm, store, clock, retentionDays } = this.#deps;
    const now = clock.now();
    const stored = (await store.list()).map(({ name }) => name);
    const known = await knownBackups(orm.em.fork());
    const expired = expiredBackups(stored, known, { now, retentionDays });
    for (const name of expired) await store.delete(name);
    await forgetOldBackups(orm.em.fork(), now);
    return expired;
  }

  /**
   * Restores the newest backup into a scratch database, compares, drops it, and records what it found.
   * @throws BackupFault, StoreFault
   */
  async prove(signal?: AbortSignal, say?: (text: string) => void): Promise<{ name: string; tookMs: number }> {
    const { orm, store, clock, databases, passPhrase, scratchDir, migrations, prepareDatabase } = this.#deps;
    const objects = await store.list();
    const [name] = backupsAmong(objects.map((object) => object.name));
    if (name === undefined)
      throw new BackupFault('missing', `There is no backup in ${store.place} that could be proven.`);
    const bytes = objects.find((object) => object.name === name)!.bytes;
    const record = (error: string | null) =>
      recordProof(orm.em.fork(), { id: randomUUID(), name, bytes, error, now: clock.now() });
    try {
      const { tookMs } = await proveRestore({
        store,
        name,
        passPhrase,
        scratchDir,
        signal,
        say,
        adminUrl: databases.adminUrl,
        migrate: migrations,
        ...(prepareDatabase && { prepareDatabase }),
      });
      await record(null);
      return { name, tookMs };
    } catch (error) {
      // Called off, or a store that is away for now, says nothing about the backup.
      if (!signal?.aborted && speaksAgainstBackup(error)) await record(sentenceOf(error));
      throw error;
    }
  }

  /** The core database and every client's that the server has and Kronus knows how to restore. */
  async #databases(): Promise<ArchivedDatabase[]> {
    const { databases, migrations } = this.#deps;
    const { readOnlyUrl: url } = databases;
    try {
      const ofClients = await findClientDatabases(url);
      return [{ name: CORE_DATABASE, url }, ...ofClients.filter(({ name }) => migrations.known(name))];
    } catch (error) {
      throw databaseFault(error, CORE_DATABASE);
    }
  }
}

/** What went wrong as one sentence that holds no value of a row and no secret. */
export function sentenceOf(error: unknown): string {
  if (error instanceof BackupFault) return error.message;
  if (error instanceof StoreFault || error instanceof ObjectNotFound) return asSentence(error.message);
  const name = String((error as { name?: unknown } | null)?.name ?? 'unknown');
  return ['AbortError', 'TimeoutError', 'CancelledFailure'].includes(name)
    ? 'It was called off before its end.'
    : `It failed for a reason that nobody foresaw (${name}).`;
}

const asSentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const AGAINST = new Set(['wrong_pass_phrase', 'truncated', 'corrupt', 'foreign', 'too_new', 'different']);
const speaksAgainstBackup = (error: unknown) => error instanceof BackupFault && AGAINST.has(error.code);

const summaryOf = ({ kronus_version, databases }: Manifest): BackupSummary => ({
  kronusVersion: kronus_version,
  databases: databases.map(({ name, migrations, tables }) => ({
    name,
    lastMigration: migrations.at(-1) ?? null,
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  })),
});

const rowsIn = (summary: BackupSummary | null | undefined) =>
  (summary?.databases ?? []).reduce((sum, { rows }) => sum + rows, 0);

const toMade = ({ id, name, bytes, summary }: Backup): MadeBackup => ({
  id,
  name: name!,
  bytes: bytes!,
  rows: rowsIn(summary),
});

/** Lets bytes through and tells how many they were so far. */
class Counter extends Transform {
  #bytes = 0;
  #toldAt = -Infinity;
  #notedAt = performance.now();
  #isNoting = false;

  constructor(
    private readonly onProgress: (bytes: number) => void,
    private readonly note: (bytes: number) => Promise<void>,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#bytes += chunk.length;
    const now = performance.now();
    if (now - this.#toldAt >= PROGRESS_EVERY_MS) {
      this.#toldAt = now;
      this.onProgress(this.#bytes);
    }
    if (!this.#isNoting && now - this.#notedAt >= NOTE_EVERY_MS) {
      this.#notedAt = now;
      this.#isNoting = true;
      // Only for people who look; the backup does not depend on it.
      void this.note(this.#bytes)
        .catch(() => undefined)
        .finally(() => (this.#isNoting = false));
    }
    done(null, chunk);
  }
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import type { BackupView } from '#libs/contract/backup.contract';
import type { PageQuery } from '#libs/contract/paging';
import { Backup } from '#libs/db/entities/backup.entity';
import { beginBackup, forgetBackup } from '#libs/db/queries/backups';
import { begunAtOf } from '#libs/domain/backup';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import type { StoredObject } from '#libs/storage/object-store';
import { CLOCK } from '../app.tokens.ts';
import { Page, slice } from '../http/paging.ts';
import { BACKUPS, type BackupAccess } from './backup-access.ts';
import { toBackupView, toStoredView } from './backup.view.ts';

/** A store that does not list its objects in this time is left out of the answer. */
const STORE_LIMIT_MS = 3_000;

/** Shows what was backed up and what can be restored, and has backups made. */
@Injectable()
export class BackupsService {
  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BACKUPS) private readonly backups: BackupAccess | null,
  ) {}

  /** Backups of the record and those that only the store knows, newest first. */
  async list(query: PageQuery): Promise<Page<BackupView>> {
    const em = this.orm.em.fork();
    const [rows, objects] = await Promise.all([
      // The record keeps 90 days, some thousand rows.
      em.find(Backup, {}, { orderBy: { startedAt: 'desc', id: 'asc' } }),
      this.#stored(),
    ]);
    const stored = objects && new Set(objects.map(({ name }) => name));
    const known = new Set(rows.map(({ name }) => name));
    const all = [
      ...rows.map((row) => toBackupView(row, stored)),
      ...(objects ?? []).filter(({ name }) => !known.has(name)).map(toStoredView),
    ].sort((one, other) => (one.started_at < other.started_at ? 1 : -1));
    const { limit, offset } = slice(query);
    return new Page(all.slice(offset, offset + limit), all.length, query);
  }

  /** @throws AppError not_found */
  async get(id: string): Promise<BackupView> {
    const backup = await this.orm.em.fork().findOne(Backup, { id });
    if (!backup) throw new AppError('not_found', 'backup not found');
    const objects = await this.#stored();
    return toBackupView(backup, objects && new Set(objects.map(({ name }) => name)));
  }

  /** Has a backup made now; it is under way when this answers. @throws AppError conflict, not_ready */
  async start(): Promise<BackupView> {
    if (!this.backups) throw new AppError('conflict', 'backups are off (backup.enabled)');
    const id = randomUUID();
    const em = this.orm.em.fork();
    if (!(await beginBackup(em, { id, kind: 'manual', now: this.clock.now() })))
      throw new AppError('conflict', 'a backup is being made already');
    try {
      await this.backups.start(id);
    } catch {
      await forgetBackup(em, id);
      throw new AppError('not_ready', 'the backup can not be started: Temporal can not be reached');
    }
    return toBackupView(await this.orm.em.fork().findOneOrFail(Backup, { id }), new Set());
  }

  /** What the store holds of ours; null when it does not answer in time, or backups are off. */
  async #stored(): Promise<StoredObject[] | null> {
    if (!this.backups) return null;
    const ended = new AbortController();
    const limit = sleep(STORE_LIMIT_MS, null, { signal: ended.signal, ref: false }).catch(() => null);
    const objects = await Promise.race([this.backups.store.list().catch(() => null), limit]);
    ended.abort();
    return objects && objects.filter(({ name }) => begunAtOf(name) !== null);
  }
}

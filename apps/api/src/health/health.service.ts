import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import { AppError } from '#libs/domain/errors';

const LIMIT_MS = 2_000;

/** Looks at what the API cannot work without. */
@Injectable()
export class HealthService {
  constructor(private readonly orm: MikroORM) {}

  /** Answers within two seconds. @throws AppError not_ready */
  async check(): Promise<{ database: 'ok' }> {
    const ended = new AbortController();
    const query = this.orm.em.fork().execute(`select 1`);
    query.catch(() => undefined);
    const isReady = await Promise.race([
      query.then(() => true).catch(() => false),
      sleep(LIMIT_MS, false, { signal: ended.signal, ref: false }).catch(() => false),
    ]);
    ended.abort();
    if (!isReady) throw new AppError('not_ready', 'the database can not be reached');
    return { database: 'ok' };
  }
}

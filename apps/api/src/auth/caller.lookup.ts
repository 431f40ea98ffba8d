import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import { ROLES, type RoleName } from '#libs/db/entities/user.entity';
import type { Caller } from './caller.ts';

/** A caller, with the version that tokens must have to be good. */
export type KnownCaller = Caller & { tokenVersion: number };

interface CallerRow {
  id: number;
  uuid: string;
  client_id: number;
  role_id: number;
  is_platform_admin: boolean;
  token_version: number;
}

type Found = Map<number, KnownCaller>;
interface Batch {
  ids: Set<number>;
  found: Promise<Found>;
}

const ROLE_BY_ID = new Map<number, RoleName>(
  Object.entries(ROLES).map(([name, id]) => [id, name as RoleName]),
);

/**
 * Reads enabled accounts from the database, for every request anew. Lookups that come while a query is under way are
 * collected into the next one, so that a busy server asks seldom and each answer is still younger than its question.
 */
@Injectable()
export class CallerLookup {
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Batch | null = null;

  constructor(private readonly orm: MikroORM) {}

  /** The account as it is now; null when it does not exist or is disabled. */
  async find(id: number): Promise<KnownCaller | null> {
    const batch = (this.#next ??= this.open());
    batch.ids.add(id);
    return (await batch.found).get(id) ?? null;
  }

  private open(): Batch {
    const ids = new Set<number>();
    const found = this.#underWay.then(() => {
      this.#next = null;
      return this.read([...ids]);
    });
    this.#underWay = found.catch(() => undefined);
    return { ids, found };
  }

  private async read(ids: number[]): Promise<Found> {
    const rows = await this.orm.em.fork().execute<CallerRow[]>(
      `select id, uuid, client_id, role_id, is_platform_admin, token_version from users
         where enabled and id in (${ids.map(() => '?').join(', ')})`,
      ids,
    );
    return new Map(rows.map((row) => [row.id, toCaller(row)]));
  }
}

const toCaller = (row: CallerRow): KnownCaller => ({
  id: row.id,
  uuid: row.uuid,
  clientId: row.client_id,
  role: ROLE_BY_ID.get(row.role_id) ?? 'viewer',
  isPlatformAdmin: row.is_platform_admin,
  tokenVersion: row.token_version,
});

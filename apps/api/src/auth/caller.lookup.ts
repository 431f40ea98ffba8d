import { Inject, Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/postgresql';
import { ROLES, type RoleName } from '#libs/db/entities/user.entity';
import type { Clock } from '#libs/domain/clock';
import { digestOf, isSecret } from '#libs/security/secret';
import type { TokenClaims } from '#libs/security/token';
import { CLOCK } from '../app.tokens.ts';
import { BatchedRead } from './batched-read.ts';
import type { Caller } from './caller.ts';

type TokenOwner = Pick<TokenClaims, 'uid' | 'sub' | 'token_version' | 'sid'>;

interface UserColumns {
  id: number;
  uuid: string;
  client_id: number;
  role_id: number;
  is_platform_admin: boolean;
  must_change_password: boolean;
  token_version: number;
}
type TokenRow = UserColumns & { session_id: string | null };
type KeyRow = UserColumns & {
  hash: string;
  key_id: string;
  session_id: string | null;
  last_used_at: string | Date | null;
};

const USER_COLUMNS = `u.id, u.uuid, u.client_id, u.role_id, u.is_platform_admin,
  u.must_change_password, u.token_version`;
const USE_IS_NOTED_EVERY_MS = 60_000;

const ROLE_BY_ID = new Map<number, RoleName>(
  Object.entries(ROLES).map(([name, id]) => [id, name as RoleName]),
);

/**
 * Knows callers by what their token says, or by their API key. Whatever may be revoked is read from the database for
 * every request, in one query: the account, the session, the key. So all of it ends at once, on every process.
 */
@Injectable()
export class CallerLookup {
  private readonly tokens: BatchedRead<TokenOwner, Caller>;
  private readonly keys: BatchedRead<string, Caller & { lastUsedAt: Date | null }>;

  constructor(
    private readonly orm: MikroORM,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.tokens = new BatchedRead(nameOf, (owners) => this.readOwners(owners));
    this.keys = new BatchedRead(
      (hash) => hash,
      (hashes) => this.readKeys(hashes),
    );
  }

  /**
   * Who a verified token stands for now; null when the account is gone, disabled or has a new password, or when the
   * token's session has ended.
   */
  async byToken(claims: TokenOwner): Promise<Caller | null> {
    return this.tokens.find(claims);
  }

  /**
   * Who an API key stands for now; null when there is no such key or it is disabled or expired, and when its owner is.
   * Notes the use, at most once a minute for each key.
   */
  async byKey(key: string): Promise<Caller | null> {
    if (!isSecret('kro', key)) return null;
    const found = await this.keys.find(digestOf(key));
    if (!found) return null;
    const { lastUsedAt, ...caller } = found;
    await this.noteUse(caller.keyId, lastUsedAt);
    return caller;
  }

  private async readOwners(owners: TokenOwner[]): Promise<Map<string, Caller>> {
    const ids = owners.map(({ uid }) => uid);
    const sessionIds = owners.flatMap(({ sid }) => sid ?? []);
    const rows = await this.orm.em.fork().execute<TokenRow[]>(
      `select ${USER_COLUMNS}, s.id as session_id from users u
         left join sessions s on s.user_id = u.id and s.ended_at is null
           and s.id in (${marks(sessionIds) || 'null'})
         where u.enabled and u.id in (${marks(ids)})`,
      [...sessionIds, ...ids],
    );
    const found = new Map<string, Caller>();
    for (const row of rows) {
      const caller = { ...toCaller(row), keyId: null };
      const owner = { uid: row.id, sub: row.uuid, token_version: row.token_version };
      found.set(nameOf(owner), { ...caller, sessionId: null });
      if (row.session_id !== null) found.set(nameOf({ ...owner, sid: row.session_id }), caller);
    }
    return found;
  }

  private async readKeys(hashes: string[]) {
    const rows = await this.orm.em.fork().execute<KeyRow[]>(
      `select ${USER_COLUMNS}, k.hash, k.id as key_id, k.session_id, k.last_used_at
         from api_keys k join users u on u.id = k.user_id and u.enabled
         left join sessions s on s.id = k.session_id
         where k.hash in (${marks(hashes)}) and k.enabled and (k.expires_at is null or k.expires_at > ?)
           and (k.session_id is null or (s.ended_at is null and s.token_version = u.token_version))`,
      [...hashes, this.clock.now()],
    );
    return new Map(
      rows.map((row) => [
        row.hash,
        {
          ...toCaller(row),
          keyId: row.key_id,
          lastUsedAt: row.last_used_at === null ? null : new Date(row.last_used_at),
        },
      ]),
    );
  }

  private async noteUse(keyId: string | null, lastUsedAt: Date | null): Promise<void> {
    const now = this.clock.now();
    const noted = new Date(now.getTime() - USE_IS_NOTED_EVERY_MS);
    if (lastUsedAt !== null && lastUsedAt > noted) return;
    // Looked at again, because many requests may find it old at the same moment.
    await this.orm.em
      .fork()
      .execute(
        `update api_keys set last_used_at = ? where id = ? and (last_used_at is null or last_used_at <= ?)`,
        [now, keyId, noted],
      );
  }
}

// The UUID too, because a database that was made anew counts its ids from 1 again.
const nameOf = ({ uid, sub, token_version, sid }: TokenOwner) =>
  [uid, sub, token_version, sid ?? ''].join(' ');

const marks = (values: unknown[]) => values.map(() => '?').join(', ');

const toCaller = (row: UserColumns & { session_id: string | null }) => ({
  id: row.id,
  uuid: row.uuid,
  clientId: row.client_id,
  role: ROLE_BY_ID.get(row.role_id) ?? ('viewer' as const),
  isPlatformAdmin: row.is_platform_admin,
  mustChangePassword: row.must_change_password,
  sessionId: row.session_id,
});

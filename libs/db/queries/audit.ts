import type { EntityManager } from '@mikro-orm/postgresql';
import type { AuditResult } from '../entities/audit-entry.entity.ts';
import { currentAct, currentRequestId } from '../request-id.ts';

/** To whom and to what something was done, as far as it is known. */
export interface AuditTarget {
  /** The account that it is about; the actor's own when absent. */
  userId?: number | undefined;
  /** The same by its UUID or by the address that a log-in gave. */
  userUuid?: string | undefined;
  email?: string | undefined;
  /** The id of what of theirs was changed. */
  targetId?: number | string | undefined;
}

const FORGET_AT_ONCE = 10_000;

/**
 * Writes down what the current request does. Call it in the transaction of the change, so that neither can be without
 * the other, and before an account is gone. Does nothing outside of requests: what Kronus does by itself is on record
 * elsewhere.
 */
export async function audit(
  em: EntityManager,
  target: AuditTarget = {},
  result: AuditResult = 'done',
): Promise<void> {
  const act = currentAct();
  if (!act) return;
  const actor = act.actor();
  const byName = target.userUuid !== undefined || target.email !== undefined;
  const userId = target.userId ?? (byName ? null : (actor?.id ?? null));
  await em.execute(
    `with target as (
       select id, client_id from users where id = ?::int or uuid = ?::uuid or email = ? limit 1
     )
     insert into audit_log (at, action, result, actor_id, client_id, user_id, target_id, fields, address, request_id)
     select ?, ?, ?, ?::int, coalesce((select client_id from target), ?::int), coalesce(?::int, (select id from target)),
       ?, array(select jsonb_array_elements_text(?::jsonb)), ?, ?`,
    [
      userId,
      target.userUuid ?? null,
      target.email ?? null,
      act.at,
      act.action,
      result,
      actor?.id ?? null,
      actor?.clientId ?? null,
      userId,
      target.targetId === undefined ? null : String(target.targetId),
      JSON.stringify(result === 'done' ? act.fields() : []),
      act.address,
      currentRequestId() ?? '',
    ],
  );
  act.isRecorded = true;
}

/** Forgets what was done before a moment, a bounded number at a time; answers how many that were. */
export async function forgetAudit(em: EntityManager, before: Date): Promise<number> {
  const rows = await em.execute<{ id: number }[]>(
    `delete from audit_log where id in (select id from audit_log where at < ? order by at limit ?) returning id`,
    [before, FORGET_AT_ONCE],
  );
  return rows.length;
}

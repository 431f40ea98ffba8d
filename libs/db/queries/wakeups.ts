import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { WakeupKind } from '../entities/wakeup.entity.ts';
import { currentRequestId } from '../request-id.ts';

/** Names of the signals that a change can owe to a workflow. */
export type WakeupSignal =
  'reply' | 'settingsChanged' | 'checkOnMe' | 'cancel' | 'raised' | 'acknowledged' | 'allClear' | 'delivery';

/** A signal owed to the workflow of one person (`probe`) or of one alarm (`escalation`). */
export interface OwedSignal {
  kind: WakeupKind;
  /** The user's id for `probe`, the probe's id for `escalation`. */
  entityId: number;
  signal: WakeupSignal;
}

/** A signal on its way, with the request that caused it, for whoever reads the workflow's history. */
export interface CausedSignal extends OwedSignal {
  requestId?: string | null;
}

/** Delivers one signal, starting the workflow when it is not running. Must be safe to call twice. */
export type SendSignal = (owed: CausedSignal) => Promise<void>;

/**
 * Signals that can not be lost: recorded in the transaction of the change they announce, delivered after its commit,
 * and delivered again by the reconciler when that failed. Signals only say "look again", so one may stand for many.
 */
export class Wakeups {
  readonly #inFlight = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();

  constructor(
    private readonly orm: MikroORM,
    private readonly send: SendSignal,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Records a signal as owed. Call it inside the transaction of the change. */
  async record(em: EntityManager, { kind, entityId, signal }: OwedSignal): Promise<void> {
    await em.execute(
      `insert into wakeups (kind, entity_id, signal, request_id, created_at) values (?, ?, ?, ?, now())
       on conflict (kind, entity_id) do update
         set version = wakeups.version + 1, signal = excluded.signal, request_id = excluded.request_id`,
      [kind, entityId, signal, currentRequestId() ?? null],
    );
  }

  /** Delivers what is owed to one workflow, in the background. Call it after the commit. Never throws. */
  deliver(kind: WakeupKind, entityId: number): void {
    const key = `${kind}/${entityId}`;
    if (this.#inFlight.has(key)) {
      this.#again.add(key);
      return;
    }
    const work = this.deliverNow(kind, entityId)
      .catch(this.onError)
      .finally(() => {
        this.#inFlight.delete(key);
        if (this.#again.delete(key)) this.deliver(kind, entityId);
      });
    this.#inFlight.set(key, work);
  }

  /** Delivers everything owed, oldest first; answers how many signals went out. The reconciler's part. */
  async deliverAll(limit = 1_000): Promise<number> {
    const owed = await this.orm.em
      .fork()
      .execute<{ kind: WakeupKind; entity_id: number }[]>(
        `select kind, entity_id from wakeups order by created_at limit ?`,
        [limit],
      );
    for (const { kind, entity_id } of owed) await this.deliverNow(kind, entity_id);
    return owed.length;
  }

  /** Waits for deliveries that are under way; for an orderly stop. */
  async drain(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight.values());
  }

  private async deliverNow(kind: WakeupKind, entityId: number): Promise<void> {
    const em = this.orm.em.fork();
    const [owed] = await em.execute<{ signal: WakeupSignal; request_id: string | null; version: number }[]>(
      `select signal, request_id, version from wakeups where kind = ? and entity_id = ?`,
      [kind, entityId],
    );
    if (!owed) return;
    await this.send({ kind, entityId, signal: owed.signal, requestId: owed.request_id });
    // A change committed since then raised the version: its signal is still owed.
    await em.execute(`delete from wakeups where kind = ? and entity_id = ? and version = ?`, [
      kind,
      entityId,
      owed.version,
    ]);
  }
}

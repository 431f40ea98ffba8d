import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { WakeupKind } from '../entities/wakeup.entity.ts';
import { currentRequestId } from '../request-id.ts';

/** Names of the signals that a change can owe to a workflow. */
export type WakeupSignal =
  | 'reply'
  | 'settingsChanged'
  | 'checkOnMe'
  | 'cancel'
  | 'raised'
  | 'acknowledged'
  | 'allClear'
  | 'delivery'
  | 'noticeOwed'
  | 'started'
  | 'answered';

/** A signal owed to the workflow of one person (`probe`, `notices`), of one alarm (`escalation`) or of one drill (`drill`). */
export interface OwedSignal {
  kind: WakeupKind;
  /** The user's id for `probe` and `notices`, the probe's id for `escalation`, the drill's id for `drill`. */
  entityId: number;
  signal: WakeupSignal;
}

/** A signal on its way, with the request that caused it, for whoever reads the workflow's history. */
export interface CausedSignal extends OwedSignal {
  requestId?: string | null;
}

/** Delivers one signal, starting the workflow when it is not running. Must be safe to call twice. */
export type SendSignal = (owed: CausedSignal) => Promise<void>;

interface Delivery {
  kind: WakeupKind;
  entityId: number;
  done: PromiseWithResolvers<void>;
  /** Runs the delivery on behalf of whoever asked for it, however long it waited and whoever went before. */
  onBehalf: <T>(work: () => T) => T;
}

/** Deliveries at the same time; more would only take time from the requests that are being answered. */
const AT_ONCE = 8;
const OWED_AT_ONCE = 1_000;
const RETRY_MS = { first: 1_000, most: 10_000 } as const;

/**
 * Signals that can not be lost: recorded in the transaction of the change they announce, delivered after its commit,
 * and delivered again when that failed: soon by this process, within a minute by the reconciler. Those of alarms go
 * first. Signals only say "look again", so one may stand for many.
 */
export class Wakeups {
  /** In the order in which they go. */
  readonly #waiting: Record<WakeupKind, Map<number, Delivery>> = {
    escalation: new Map(),
    probe: new Map(),
    notices: new Map(),
    drill: new Map(),
  };
  readonly #running = new Map<string, Delivery>();
  /** Runs on nobody's behalf. */
  readonly #onOwn = AsyncLocalStorage.snapshot();
  #retry: NodeJS.Timeout | undefined;
  #retryMs: number = RETRY_MS.first;
  #isClosed = false;

  constructor(
    private readonly orm: MikroORM,
    private readonly send: SendSignal,
    /** Hears of the first failure of a series; the others have the same cause. */
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
    this.enqueue(kind, entityId).catch((error: unknown) => {
      if (this.#retry || this.#isClosed) return;
      this.onError(error);
      this.retryLater();
    });
  }

  /**
   * Delivers everything owed, alarms first, then checks, then notices, then drills, each the oldest first; answers how many signals went out.
   * @throws AggregateError after the last, when some could not be delivered
   */
  async deliverAll(): Promise<number> {
    const owed = await this.orm.em.fork().execute<{ kind: WakeupKind; entity_id: number }[]>(
      `select kind, entity_id from wakeups
         order by array_position(array['escalation', 'probe', 'notices', 'drill'], kind), created_at limit ?`,
      [OWED_AT_ONCE],
    );
    const results = await Promise.allSettled(owed.map((each) => this.enqueue(each.kind, each.entity_id)));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} signals could not be delivered`);
    return owed.length < OWED_AT_ONCE ? owed.length : owed.length + (await this.deliverAll());
  }

  /** Waits until nothing is being delivered, or waits to be. */
  async drain(): Promise<void> {
    for (;;) {
      const all = [...this.#running.values(), ...this.allWaiting()];
      if (all.length === 0) return;
      await Promise.allSettled(all.map(({ done }) => done.promise));
    }
  }

  /** Ends the deliveries that have begun; the others stay owed. For an orderly stop. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const delivery of this.allWaiting()) delivery.done.reject(new Error('Kronus is stopping'));
    for (const waiting of Object.values(this.#waiting)) waiting.clear();
    await this.drain();
  }

  private *allWaiting(): Generator<Delivery> {
    for (const waiting of Object.values(this.#waiting)) yield* waiting.values();
  }

  /** One delivery for a workflow runs, and one at most waits: it stands for every change that was committed before. */
  private enqueue(kind: WakeupKind, entityId: number): Promise<void> {
    const waiting = this.#waiting[kind];
    const known = waiting.get(entityId);
    if (known) return known.done.promise;
    const delivery: Delivery = {
      kind,
      entityId,
      done: Promise.withResolvers(),
      onBehalf: AsyncLocalStorage.snapshot(),
    };
    waiting.set(entityId, delivery);
    this.begin();
    return delivery.done.promise;
  }

  private begin(): void {
    for (const delivery of this.allWaiting()) {
      const { kind, entityId } = delivery;
      const key = `${kind}/${entityId}`;
      if (this.#running.size >= AT_ONCE) return;
      if (this.#running.has(key)) continue;
      this.#waiting[kind].delete(entityId);
      this.#running.set(key, delivery);
      void delivery
        .onBehalf(() => this.deliverNow(kind, entityId))
        .then(delivery.done.resolve, delivery.done.reject)
        .finally(() => {
          this.#running.delete(key);
          this.begin();
        });
    }
  }

  private retryLater(): void {
    const retry = () =>
      this.deliverAll().then(
        () => {
          this.#retry = undefined;
          this.#retryMs = RETRY_MS.first;
        },
        () => {
          this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS.most);
          if (!this.#isClosed) this.retryLater();
        },
      );
    this.#retry = this.#onOwn(() => setTimeout(() => void retry(), this.#retryMs).unref());
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

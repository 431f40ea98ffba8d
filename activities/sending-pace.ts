import { setTimeout as sleep } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';

/** Waits until the next text may go. */
export type WaitForTurn = () => Promise<void>;

/**
 * Lets texts go one after the other, at most so many a second over all workers and in any span of time; without a limit
 * at once. Temporal's own limit of a queue lets a second's worth through in one go after a pause.
 */
export function createSendingPace(orm: MikroORM, perSecond: number | null): WaitForTurn {
  if (perSecond === null) return async () => undefined;
  const stepMs = 1_000 / perSecond;
  return async () => {
    // By the database's clock alone, so that the workers' clocks need not agree.
    const [turn] = await orm.em.fork().execute<{ wait_ms: number }[]>(
      `insert into sending_pace as pace (id, next_at) values (1, clock_timestamp() + interval '1 millisecond' * ?)
       on conflict (id) do update
         set next_at = greatest(pace.next_at, clock_timestamp()) + interval '1 millisecond' * ?
       returning (extract(epoch from next_at - clock_timestamp()) * 1000 - ?)::float8 as wait_ms`,
      [stepMs, stepMs, stepMs],
    );
    await sleep(Math.max(0, turn!.wait_ms));
  };
}

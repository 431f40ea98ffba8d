import type { MikroORM } from '@mikro-orm/postgresql';
import type { WakeupKind } from '#libs/db/entities/wakeup.entity';
import { runningDrillIds } from '#libs/db/queries/drill';
import { noticedUserIds } from '#libs/db/queries/notices';
import type { DeliveryReports } from '#libs/db/queries/delivery-reports';
import { escalatingProbeIds, watchedUserIds } from '#libs/db/queries/person';
import type { SendSignal, Wakeups } from '#libs/db/queries/wakeups';
import { SendError } from '#libs/twilio/messenger';
import { retryLater } from './failures.ts';
import type { ReadBack } from './read-back.ts';

/** What the reconciler works with. */
export interface ReconcileActivityDeps {
  orm: MikroORM;
  wakeups: Wakeups;
  readBack: ReadBack;
  deliveryReports: DeliveryReports;
  /** Delivers a signal, starting the workflow when it is not running. */
  send: SendSignal;
  /** The ids after the slash of every running workflow of a kind. May lag behind by a moment. */
  runningIds(kind: WakeupKind): Promise<Set<number>>;
}

/** The activities of the workflow `reconcile`. */
export type ReconcileActivities = ReturnType<typeof createReconcileActivities>;

/** Binds the activities of the workflow `reconcile` to what they work with. */
export function createReconcileActivities({
  orm,
  wakeups,
  readBack,
  deliveryReports,
  send,
  runningIds,
}: ReconcileActivityDeps) {
  return {
    /** Delivers every signal that a commit left owed; answers how many. */
    deliverOwedSignals: (): Promise<number> => wakeups.deliverAll(),

    /** Takes in texts that never reached the webhook; answers how many the provider listed, known ones included. */
    async readMissedTexts(): Promise<number> {
      try {
        return await readBack.fromAll();
      } catch (error) {
        throw error instanceof SendError ? retryLater(error) : error;
      }
    },

    /** Applies delivery reports that came before their message was (again) on record; answers how many. */
    applyEarlyReports: (): Promise<number> => deliveryReports.applyEarly(),

    /**
     * Starts the workflow of every person, every alarm, everybody's notices and every drill that should have one and
     * has none; answers how many. One that is running after all is only woken, so a lagging list does no harm.
     */
    async startMissingWorkflows(): Promise<number> {
      const em = orm.em.fork();
      const wanted = [
        { kind: 'probe', signal: 'settingsChanged', ids: await watchedUserIds(em) },
        { kind: 'escalation', signal: 'raised', ids: await escalatingProbeIds(em) },
        { kind: 'notices', signal: 'noticeOwed', ids: await noticedUserIds(em) },
        { kind: 'drill', signal: 'started', ids: await runningDrillIds(em) },
      ] as const;
      let started = 0;
      for (const { kind, signal, ids } of wanted) {
        const running = await runningIds(kind);
        for (const entityId of ids.filter((id) => !running.has(id))) {
          await send({ kind, entityId, signal });
          started++;
        }
      }
      return started;
    },
  };
}

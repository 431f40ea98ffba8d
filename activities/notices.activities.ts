import type { MikroORM } from '@mikro-orm/postgresql';
import { followFailedConsent } from '#libs/db/queries/consent';
import { unsettledNotices } from '#libs/db/queries/notices';
import type { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import type { TextSender } from './text-sender.ts';

/** What the activities of notices work with. */
export interface NoticeActivityDeps {
  orm: MikroORM;
  sender: TextSender;
  wakeups: Wakeups;
  clock: Clock;
}

/** The activities of the workflow `notices`. Each is safe to run twice. */
export type NoticeActivities = ReturnType<typeof createNoticeActivities>;

/** Binds the activities of the workflow `notices` to what they work with. */
export function createNoticeActivities({ orm, sender, wakeups, clock }: NoticeActivityDeps) {
  return {
    /** Reads which messages of a person still have to be handed over, or followed by what their failure means. */
    planNotices: (userId: number): Promise<number[]> => unsettledNotices(orm.em.fork(), userId),

    /**
     * Hands one notice over; one that can never arrive is settled by what follows from that.
     * @throws ApplicationFailure (retried) when the provider did not take it for now
     */
    async sendNotice(messageId: number): Promise<void> {
      const { outcome } = await sender.handOver(messageId);
      if (outcome !== 'failed') return;
      const owed = await orm.em
        .fork()
        .transactional((em) => followFailedConsent(em, wakeups, { messageId, now: clock.now() }));
      for (const { kind, entityId } of owed) wakeups.deliver(kind, entityId);
    },
  };
}

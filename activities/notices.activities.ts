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

/** The activities of the workflow `notices`. */
export type NoticeActivities = ReturnType<typeof createNoticeActivities>;

/** Binds the activities of the workflow `notices` to what they work with. */
export function createNoticeActivities({ orm, sender, wakeups, clock }: NoticeActivityDeps) {
  /** Hands one over; one that can never arrive is settled by what follows from that. */
  async function settle(messageId: number): Promise<void> {
    const { outcome } = await sender.handOver(messageId);
    if (outcome !== 'failed') return;
    const owed = await orm.em
      .fork()
      .transactional((em) => followFailedConsent(em, wakeups, { messageId, now: clock.now() }));
    for (const { kind, entityId } of owed) wakeups.deliver(kind, entityId);
  }

  return {
    /**
     * Hands over every notice that a person's record owes. Safe to run twice.
     * @throws ApplicationFailure (retried) when some could not go now; the others went
     */
    async sendNotices(userId: number): Promise<void> {
      const messageIds = await unsettledNotices(orm.em.fork(), userId);
      const results = await Promise.allSettled(messageIds.map(settle));
      const refused = results.find((result) => result.status === 'rejected');
      if (refused) throw refused.reason;
    },
  };
}

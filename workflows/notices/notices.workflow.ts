import { condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { NoticeActivities } from '#activities/notices.activities';
import { PRIORITY, SENDING } from '#libs/temporal/task-queues';
import { noticeOwedSignal, type NoticesInput } from './notices.contract.ts';

const record = proxyLocalActivities<NoticeActivities>({ startToCloseTimeout: '10 seconds' });

// No limit on the whole: what cannot go now goes when it can, or is withdrawn when nobody wants it any more. The pauses
// are longer than those of questions and alarms, because nobody's safety waits for a notice.
const { sendNotice } = proxyActivities<NoticeActivities>({
  ...SENDING,
  retry: { initialInterval: '2 seconds', maximumInterval: '1 minute' },
  priority: { priorityKey: PRIORITY.notice },
});

/**
 * Hands a person's notices over, none waiting for another, and ends when none is left. Apart from the workflow of their
 * checks, so that a notice that cannot be sent holds no check back.
 */
export async function notices({ userId }: NoticesInput): Promise<void> {
  let isWoken = false;
  let failure: unknown;
  const underWay = new Set<number>();
  setHandler(noticeOwedSignal, () => {
    isWoken = true;
  });

  const begin = (messageId: number) => {
    underWay.add(messageId);
    sendNotice(messageId)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => underWay.delete(messageId));
  };
  for (;;) {
    isWoken = false;
    const owed = await record.planNotices(userId);
    for (const messageId of owed) if (!underWay.has(messageId)) begin(messageId);
    await condition(() => isWoken || failure !== undefined || underWay.size === 0);
    if (failure !== undefined) throw failure;
    if (owed.length === 0 && !isWoken) return;
  }
}

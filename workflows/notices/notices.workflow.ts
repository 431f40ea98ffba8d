import { proxyActivities, setHandler } from '@temporalio/workflow';
import type { NoticeActivities } from '#activities/notices.activities';
import { PRIORITY, SENDING } from '#libs/temporal/task-queues';
import { noticeOwedSignal, type NoticesInput } from './notices.contract.ts';

// No limit on the whole: what cannot go now goes when it can, or is withdrawn when nobody wants it any more. The pauses
// are longer than those of questions and alarms, because nobody's safety waits for a notice.
const { sendNotices } = proxyActivities<NoticeActivities>({
  ...SENDING,
  retry: { initialInterval: '2 seconds', maximumInterval: '1 minute' },
  priority: { priorityKey: PRIORITY.notice },
});

/**
 * Hands a person's notices over, and ends when none is left. Apart from the workflow of their checks, so that a notice
 * that cannot be sent holds no check back.
 */
export async function notices({ userId }: NoticesInput): Promise<void> {
  let isWoken = true;
  setHandler(noticeOwedSignal, () => {
    isWoken = true;
  });
  while (isWoken) {
    isWoken = false;
    await sendNotices(userId);
  }
}

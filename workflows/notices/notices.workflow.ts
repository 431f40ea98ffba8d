import { condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { NoticeActivities } from '#activities/notices.activities';
import { MAILING, PRIORITY, SENDING } from '#libs/temporal/task-queues';
import { noticeOwedSignal, type NoticesInput } from './notices.contract.ts';

const record = proxyLocalActivities<NoticeActivities>({ startToCloseTimeout: '10 seconds' });

// No limit on the whole: what cannot go now goes when it can, or is withdrawn when nobody wants it any more. The pauses
// are longer than those of questions and alarms, because nobody's safety waits for a notice.
const retry = { initialInterval: '2 seconds', maximumInterval: '1 minute' } as const;
const notice = { retry, priority: { priorityKey: PRIORITY.notice } };
const text = proxyActivities<NoticeActivities>({ ...SENDING, ...notice });
const code = proxyActivities<NoticeActivities>({
  ...SENDING,
  retry,
  priority: { priorityKey: PRIORITY.code },
});
// A mail server is away for longer than Twilio is, and each attempt that fails is a line in the log.
const mail = proxyActivities<NoticeActivities>({
  ...MAILING,
  ...notice,
  retry: { ...retry, maximumInterval: '5 minutes' },
});

type Owed = Awaited<ReturnType<NoticeActivities['planNotices']>>[number];

const send = (owed: Owed): Promise<void> => {
  if (typeof owed === 'number') return text.sendNotice(owed);
  return 'code' in owed ? code.sendNotice(owed.code) : mail.sendMail(owed.mail);
};

/**
 * Hands a person's notices over, none waiting for another, and ends when none is left. Apart from the workflow of their
 * checks, so that a notice that cannot be sent holds no check back.
 */
export async function notices({ userId }: NoticesInput): Promise<void> {
  let isWoken = false;
  let failure: unknown;
  const underWay = new Set<string>();
  setHandler(noticeOwedSignal, () => {
    isWoken = true;
  });

  const begin = (owed: Owed) => {
    const name = JSON.stringify(owed);
    if (underWay.has(name)) return;
    underWay.add(name);
    send(owed)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => underWay.delete(name));
  };
  for (;;) {
    isWoken = false;
    const owed = await record.planNotices(userId);
    owed.forEach(begin);
    await condition(() => isWoken || failure !== undefined || underWay.size === 0);
    if (failure !== undefined) throw failure;
    if (owed.length === 0 && !isWoken) return;
  }
}

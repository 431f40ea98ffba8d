import { z } from 'zod';
import { timeField } from '#libs/contract/fields';
import type { OneOffCheck } from '#libs/db/entities/one-off-check.entity';
import { toTime } from '../http/time.ts';

/** A check that was asked for and waits until it is due. */
export const CheckView = z
  .object({
    id: z.int(),
    due_at: timeField(),
    max_retries: z.int(),
    wait_time_in_minutes: z.int(),
    created_at: timeField(),
  })
  .meta({ id: 'Check', description: 'A check that was asked for and waits until it is due.' });
export type CheckView = z.output<typeof CheckView>;

/** A planned check as the API shows it. */
export const toCheckView = (check: OneOffCheck): CheckView => ({
  id: check.id,
  due_at: toTime(check.dueAt),
  max_retries: check.maxRetries,
  wait_time_in_minutes: check.waitTimeInMinutes,
  created_at: toTime(check.createdAt),
});

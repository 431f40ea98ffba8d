import { z } from 'zod';

/** An optional `status` in a query, in any case; absent or empty means all. `synonyms` are other words for statuses. */
export const statusFilter = <const Status extends string>(
  statuses: readonly Status[],
  message: string,
  synonyms: Readonly<Record<string, Status>> = {},
) =>
  z
    .string(message)
    .trim()
    .toLowerCase()
    .transform((status) => synonyms[status] ?? status)
    .pipe(z.enum(['', ...statuses], message))
    .transform((status) => (status === '' ? undefined : (status as Status)))
    .optional()
    .meta({ description: `One of ${[...statuses, ...Object.keys(synonyms)].join(', ')}.` });

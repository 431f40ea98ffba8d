import { z } from 'zod';

/** An optional `status` in a query, in any case; absent or empty means all. */
export const statusFilter = <const Status extends string>(statuses: readonly Status[], message: string) =>
  z
    .string(message)
    .trim()
    .toLowerCase()
    .pipe(z.enum(['', ...statuses], message))
    .transform((status) => (status === '' ? undefined : (status as Status)))
    .optional()
    .meta({ description: `One of ${statuses.join(', ')}.` });

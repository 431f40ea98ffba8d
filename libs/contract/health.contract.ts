import { z } from 'zod';

/** What a process that can work answers. */
export const Readiness = z
  .object({ database: z.literal('ok') })
  .meta({ id: 'Readiness', description: 'Everything that the process needs answers.' });

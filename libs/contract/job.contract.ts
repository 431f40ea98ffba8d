import { z } from 'zod';
import { query, timeField } from './fields.ts';
import { clientFields, pageFields } from './paging.ts';
import { statusFilter } from './status-filter.ts';

/** Every state of a unit of background work. */
export const JOB_STATUSES = ['enqueued', 'scheduled', 'in-progress', 'successful', 'dead'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** The numbers of the states in answers, as in the original. */
export const JOB_STATUS_IDS: Record<JobStatus, number> = {
  enqueued: 1,
  'in-progress': 2,
  successful: 3,
  dead: 4,
  scheduled: 5,
};

/** The words that response jobs use for the same states. */
const RESPONSE_JOB_WORDS: Record<string, JobStatus> = {
  queued: 'enqueued',
  running: 'in-progress',
  succeeded: 'successful',
  failed: 'dead',
  timedout: 'dead',
  stopped: 'dead',
};

/** The query of the list of all jobs. */
export const JobQuery = query({
  ...pageFields,
  ...clientFields,
  status: statusFilter(
    JOB_STATUSES,
    "a valid 'status' param is required i.e. enqueued, scheduled, in-progress, successful, or dead",
    RESPONSE_JOB_WORDS,
  ),
}).meta({ id: 'JobQuery', description: 'Which jobs.' });
export type JobQuery = z.output<typeof JobQuery>;

/** One unit of background work. */
export const JobView = z
  .object({
    id: z.string(),
    created_at: timeField(),
    updated_at: timeField(),
    name: z.string(),
    handler: z.string(),
    args: z
      .string()
      .meta({ description: 'JSON: which probe or drill it is about; holds no phone numbers and no texts.' }),
    fails: z.int(),
    last_error: z.string().nullable(),
    claimed: z.boolean(),
    job_status_id: z.int(),
    status: z.object({ id: z.int(), name: z.enum(JOB_STATUSES) }),
    enqueued_at: timeField().nullable(),
  })
  .meta({ id: 'Job', description: 'One unit of background work.' });
export type JobView = z.output<typeof JobView>;

/** How many jobs are in each state. */
export const JobStats = z
  .object({
    enqueued_job_count: z.int(),
    scheduled_job_count: z.int(),
    in_progress_job_count: z.int(),
    successful_job_count: z.int(),
    dead_job_count: z.int(),
  })
  .meta({ id: 'JobStats', description: 'How many jobs are in each state.' });
export type JobStats = z.output<typeof JobStats>;

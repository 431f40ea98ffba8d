import { z } from 'zod';
import { CHECK_LIMITS } from '#libs/domain/sms-command';
import { DELIVERY_STATUSES } from '#libs/domain/delivery';
import { PROBE_REASONS, PROBE_STATUSES, type ProbeKind, type ProbeStatus } from '#libs/domain/probe';
import { body, query, timeField, wholeNumberField } from './fields.ts';
import { MessageView } from './message.contract.ts';
import { clientFields, pageFields } from './paging.ts';
import { maxRetriesField, waitTimeField } from './probe-settings.contract.ts';
import { statusFilter } from './status-filter.ts';

/** The numbers of the states in answers, as in the original. */
export const PROBE_STATUS_IDS: Record<ProbeStatus, number> = {
  pending: 1,
  good: 2,
  bad: 3,
  unavailable: 4,
  cancelled: 5,
};

const kinds = ['scheduled', 'one_off'] as const satisfies readonly ProbeKind[];

const { inMinutes, maxRetries, waitMinutes } = CHECK_LIMITS;

/** "Check on me in N minutes"; everything has a default. */
export const CreateCheck = body({
  in_minutes: wholeNumberField('in_minutes', inMinutes.min, inMinutes.max).default(inMinutes.default),
  max_retries: maxRetriesField().default(maxRetries.default),
  wait_time_in_minutes: waitTimeField().default(waitMinutes.default),
})
  .prefault({})
  .meta({ id: 'CreateCheck', description: 'Check on me in N minutes.', examples: [{ in_minutes: 30 }] });
export type CreateCheck = z.output<typeof CreateCheck>;

/** The query of the list of all probes. */
export const ProbeQuery = query({
  ...pageFields,
  ...clientFields,
  status: statusFilter(
    PROBE_STATUSES,
    "a valid 'status' param is required i.e. pending, good, bad, cancelled, or unavailable",
  ),
}).meta({ id: 'ProbeQuery', description: 'Which probes.' });
export type ProbeQuery = z.output<typeof ProbeQuery>;

/** One request to one contact to look after the person. */
export const AlertView = z
  .object({
    id: z.int(),
    contact_id: z.int().nullable().meta({ description: 'Null when the contact was deleted since.' }),
    round: z.int().meta({ description: '1, or 2 for the one who is asked again.' }),
    delivery_status: z.enum(DELIVERY_STATUSES),
    created_at: timeField(),
    sent_at: timeField().nullable(),
    acknowledged_at: timeField().nullable(),
  })
  .meta({ id: 'Alert', description: 'One request to one contact to look after the person.' });
export type AlertView = z.output<typeof AlertView>;

/** One check on a person. */
export const ProbeView = z
  .object({
    id: z.int(),
    created_at: timeField(),
    updated_at: timeField(),
    user_id: z.int(),
    kind: z.enum(kinds),
    probe_status_id: z.int(),
    status: z.object({ id: z.int(), name: z.enum(PROBE_STATUSES) }),
    reason: z.enum(PROBE_REASONS).nullable().meta({ description: 'Why it ended; null while it is pending.' }),
    due_at: timeField().meta({ description: 'The tick it was made for.' }),
    last_response: z.string().nullable(),
    retry_count: z.int().meta({ description: 'Follow-ups sent so far.' }),
    max_retries: z.int(),
    wait_time_in_minutes: z.int(),
    emergency_probe: z
      .object({
        id: z.int(),
        contact_id: z.int().nullable(),
        probe_id: z.int(),
        created_at: timeField(),
        updated_at: timeField(),
      })
      .optional()
      .meta({ description: 'The latest alert, present when there was one.' }),
    alerts: z.array(AlertView).meta({ description: 'Every alert, oldest first.' }),
  })
  .meta({ id: 'Probe', description: 'One check on a person.' });
export type ProbeView = z.output<typeof ProbeView>;

/** One check on a person with the moments of its life and every text that was sent about it. */
export const ProbeDetailView = ProbeView.extend({
  decided_at: timeField().nullable(),
  switched_off_at: timeField().nullable().meta({
    description: 'When its alarm switched the schedule off; null when it was off, or there was no alarm.',
  }),
  all_clear_at: timeField().nullable(),
  escalation_ended_at: timeField().nullable(),
  messages: z.array(MessageView).meta({ description: 'Every text about it, oldest first.' }),
}).meta({ id: 'ProbeDetail', description: 'One check on a person, with everything about it.' });
export type ProbeDetailView = z.output<typeof ProbeDetailView>;

/** How many probes are in each state. */
export const ProbeStats = z
  .object({
    pending_probe_count: z.int(),
    good_probe_count: z.int(),
    bad_probe_count: z.int(),
    cancelled_probe_count: z.int(),
    unavailable_probe_count: z.int(),
  } satisfies Record<`${ProbeStatus}_probe_count`, z.ZodType>)
  .meta({ id: 'ProbeStats', description: 'How many probes are in each state.' });
export type ProbeStats = z.output<typeof ProbeStats>;

import { z } from 'zod';
import { CHECK_LIMITS } from '#libs/domain/sms-command';
import { isValidCron } from '#libs/domain/cadence';
import { body, flagField, someFieldGiven, textField, timeField, wholeNumberField } from './fields.ts';

/** How often a person is asked again after the first time. */
export const maxRetriesField = () =>
  wholeNumberField('max_retries', CHECK_LIMITS.maxRetries.min, CHECK_LIMITS.maxRetries.max);

/** How long an answer is waited for each time, in minutes. */
export const waitTimeField = () =>
  wholeNumberField('wait_time_in_minutes', CHECK_LIMITS.waitMinutes.min, CHECK_LIMITS.waitMinutes.max);

/** How long each contact has to acknowledge before the next one is alerted, in minutes. */
export const escalationWaitField = () => wholeNumberField('escalation_wait_in_minutes', 5, 120);

const cronField = () =>
  textField('cron_expression')
    .trim()
    .refine(
      isValidCron,
      'cron_expression must be a cron expression of five fields that comes due, like 0 18 * * 3',
    );

/** A change of when and how a person is asked; at least one field. */
export const UpdateProbeSettings = body({
  active: flagField('active').optional(),
  cron_expression: cronField().optional(),
  max_retries: maxRetriesField().optional(),
  wait_time_in_minutes: waitTimeField().optional(),
  escalation_wait_in_minutes: escalationWaitField().optional(),
})
  .check(someFieldGiven())
  .meta({
    id: 'UpdateProbeSettings',
    description:
      'When and how the person is asked; at least one field. Turning it on needs an emergency contact.',
    examples: [{ cron_expression: '0 18 * * 3', active: true }],
  });
export type UpdateProbeSettings = z.output<typeof UpdateProbeSettings>;

/** When and how a person is asked. */
export const ProbeSettingsView = z
  .object({
    id: z.int(),
    created_at: timeField(),
    updated_at: timeField(),
    user_id: z.int(),
    active: z.boolean(),
    cron_expression: z.string(),
    max_retries: z.int(),
    wait_time_in_minutes: z.int(),
    escalation_wait_in_minutes: z.int(),
    next_tick_at: timeField()
      .nullable()
      .meta({ description: 'When the person is asked next; null while it is off.' }),
  })
  .meta({ id: 'ProbeSettings', description: 'When and how the person is asked.' });
export type ProbeSettingsView = z.output<typeof ProbeSettingsView>;

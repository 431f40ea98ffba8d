import { z } from 'zod';
import { CHECK_LIMITS } from '#libs/domain/sms-command';
import { isKnownTimeZone, isValidCron } from '#libs/domain/cadence';
import { TIME_OF_DAY } from '#libs/domain/check-plan';
import { REACHABILITIES } from '#libs/domain/delivery';
import {
  body,
  flagField,
  givenTimeField,
  overFields,
  someFieldGiven,
  textField,
  timeField,
  wholeNumberField,
} from './fields.ts';

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

const timeZoneField = () =>
  textField('time_zone')
    .trim()
    .refine(isKnownTimeZone, 'time_zone must be the name of a time zone, like America/Toronto')
    .nullable();

const timeOfDayField = (name: string) =>
  textField(name).trim().regex(TIME_OF_DAY, `${name} must be a time of day, like 22:00`).nullable();

/** Quiet hours are two times of day that differ, or none. */
const completeQuietHours = () => [
  overFields(
    ({ quiet_hours_from: from, quiet_hours_to: to }) =>
      (from === undefined) === (to === undefined) && (from === null) === (to === null),
    'quiet_hours_from and quiet_hours_to must be given together, both as times or both as null',
  ),
  overFields(
    ({ quiet_hours_from: from, quiet_hours_to: to }) => typeof from !== 'string' || from !== to,
    'quiet_hours_from and quiet_hours_to must differ',
  ),
];

/** A change of when and how a person is asked; at least one field. */
export const UpdateProbeSettings = body({
  active: flagField('active').optional(),
  cron_expression: cronField().optional(),
  max_retries: maxRetriesField().optional(),
  wait_time_in_minutes: waitTimeField().optional(),
  escalation_wait_in_minutes: escalationWaitField().optional(),
  quiet_hours_from: timeOfDayField('quiet_hours_from').optional(),
  quiet_hours_to: timeOfDayField('quiet_hours_to').optional(),
  time_zone: timeZoneField().optional(),
})
  .check(someFieldGiven(), ...completeQuietHours())
  .meta({
    id: 'UpdateProbeSettings',
    description:
      'When and how the person is asked; at least one field. Turning it on needs an emergency contact.',
    examples: [
      { cron_expression: '0 18 * * 3', active: true },
      { quiet_hours_from: '22:00', quiet_hours_to: '07:00', time_zone: 'America/Toronto' },
    ],
  });
export type UpdateProbeSettings = z.output<typeof UpdateProbeSettings>;

/** A time without scheduled checks, from now on. */
export const PauseChecks = body({
  until: givenTimeField('until'),
}).meta({
  id: 'PauseChecks',
  description: 'A time without scheduled checks, from now on.',
  examples: [{ until: '2026-12-02T18:00:00-05:00' }],
});
export type PauseChecks = z.output<typeof PauseChecks>;

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
    quiet_hours_from: z.string().nullable().meta({
      description: "No scheduled check is asked from this time of day on, on the person's wall clock …",
    }),
    quiet_hours_to: z
      .string()
      .nullable()
      .meta({ description: '… until this one, when what was held back is asked, once.' }),
    time_zone: z
      .string()
      .nullable()
      .meta({ description: "Whose wall clock schedule and quiet hours follow; null: the server's." }),
    paused_until: timeField()
      .nullable()
      .meta({ description: 'No scheduled check is asked before; null while there is no pause.' }),
    next_tick_at: timeField()
      .nullable()
      .meta({ description: 'When the person is asked next; null while it is off.' }),
    next_checks: z.array(timeField()).meta({
      description: 'The next three scheduled checks, if nothing is changed; none while it is off.',
    }),
    reachability: z.enum(REACHABILITIES).meta({
      description:
        'Whether texts can reach the person: opted_out until they text START, broken until they answer or change their number.',
    }),
    last_drill_at: timeField().nullable().meta({ description: 'When the latest drill was started.' }),
    last_proven_at: timeField()
      .nullable()
      .meta({ description: 'When the person and a contact had last both answered a drill.' }),
  })
  .meta({ id: 'ProbeSettings', description: 'When and how the person is asked.' });
export type ProbeSettingsView = z.output<typeof ProbeSettingsView>;

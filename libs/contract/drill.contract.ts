import { z } from 'zod';
import { DELIVERY_STATUSES } from '#libs/domain/delivery';
import { DRILL_LIMITS, DRILL_REASONS, DRILL_STATUSES } from '#libs/domain/drill';
import { body, timeField, wholeNumberField } from './fields.ts';

const { waitMinutes } = DRILL_LIMITS;
const deliveryStatus = () => z.enum(DELIVERY_STATUSES);
const errorCode = () =>
  z.int().nullable().meta({ description: "Twilio's code, when the text did not arrive." });

/** A drill of the whole chain; everything has a default. */
export const CreateDrill = body({
  wait_time_in_minutes: wholeNumberField('wait_time_in_minutes', waitMinutes.min, waitMinutes.max).default(
    waitMinutes.default,
  ),
})
  .prefault({})
  .meta({
    id: 'CreateDrill',
    description: 'A drill; how long everybody is given for an answer, in minutes.',
    examples: [{ wait_time_in_minutes: 5 }],
  });
export type CreateDrill = z.output<typeof CreateDrill>;

/** The question of a drill to one contact, and the answer. */
export const DrillAnswerView = z
  .object({
    contact_id: z.int().nullable().meta({ description: 'Null when the contact was deleted since.' }),
    asked_at: timeField().nullable().meta({ description: 'Null while the question is on its way.' }),
    delivery_status: deliveryStatus(),
    error_code: errorCode(),
    answered_at: timeField().nullable(),
  })
  .meta({ id: 'DrillAnswer', description: 'The question of a drill to one contact, and the answer.' });
export type DrillAnswerView = z.output<typeof DrillAnswerView>;

/** One try of the whole chain. */
export const DrillView = z
  .object({
    id: z.int(),
    user_id: z.int(),
    status: z.enum(DRILL_STATUSES),
    reason: z.enum(DRILL_REASONS).nullable().meta({ description: 'Why it was cancelled.' }),
    wait_time_in_minutes: z.int(),
    started_at: timeField(),
    ended_at: timeField().nullable(),
    person_answered_at: timeField().nullable(),
    person_delivery_status: deliveryStatus()
      .nullable()
      .meta({ description: 'How far the question to the person has come; null before there is one.' }),
    person_error_code: errorCode(),
    answers: z.array(DrillAnswerView).meta({ description: 'The contacts who were asked, in that order.' }),
  })
  .meta({ id: 'Drill', description: 'One try of the whole chain with the real phones.' });
export type DrillView = z.output<typeof DrillView>;

import { z } from 'zod';
import { DELIVERY_STATUSES } from '#libs/domain/delivery';
import { timeField } from './fields.ts';

/** One text that Kronus sent, or is about to send, about a person. Shows no phone number. */
export const MessageView = z
  .object({
    uuid: z.uuid(),
    probe_id: z.int().nullable().meta({ description: 'The check that it is about, if any.' }),
    drill_id: z.int().nullable().meta({ description: 'The drill that it is about, if any.' }),
    kind: z
      .string()
      .meta({ description: 'What it is for: check_in, follow_up, alert, consent, drill_question, …' }),
    to: z.enum(['person', 'contact']),
    contact_id: z.int().nullable().meta({
      description: 'Which contact; null for the person, and for one who was deleted or changed since.',
    }),
    sid: z.string().nullable().meta({ description: "Twilio's id; null until Twilio took it." }),
    status: z.enum(DELIVERY_STATUSES),
    error_code: z.int().nullable().meta({ description: "Twilio's code of the last failure." }),
    last_error: z.string().nullable(),
    attempts: z.int(),
    queued_at: timeField(),
    accepted_at: timeField().nullable().meta({ description: 'When Twilio took it.' }),
    sent_at: timeField().nullable().meta({ description: 'When Twilio gave it to the carrier.' }),
    delivered_at: timeField().nullable(),
    failed_at: timeField()
      .nullable()
      .meta({ description: 'When it ended undelivered, failed or canceled (nobody wanted it any more).' }),
    body: z
      .string()
      .optional()
      .meta({ description: 'Only shown to the person; never of a code for a new password.' }),
  })
  .meta({ id: 'Message', description: 'One text that Kronus sent, or is about to send, about a person.' });
export type MessageView = z.output<typeof MessageView>;

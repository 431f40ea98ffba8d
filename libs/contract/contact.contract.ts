import { z } from 'zod';
import { CONSENT_STATES, REFUSALS } from '#libs/domain/consent';
import { body, emailField, flagField, nameField, phoneField, someFieldGiven, timeField } from './fields.ts';

const isEmergencyContact = () => flagField('is_emergency_contact');

/** A new contact; one who is not flagged is never alerted. */
export const CreateContact = body({
  first_name: nameField('first_name'),
  last_name: nameField('last_name'),
  phone_number: phoneField(),
  email: emailField(),
  is_emergency_contact: isEmergencyContact().default(false),
}).meta({
  id: 'CreateContact',
  description: 'A new contact.',
  examples: [
    {
      first_name: 'strongest',
      last_name: 'avenger',
      phone_number: '+12345678900',
      email: 'hulk@avengers.com',
      is_emergency_contact: true,
    },
  ],
});
export type CreateContact = z.output<typeof CreateContact>;

/** A change of a contact; at least one field. */
export const UpdateContact = body({
  first_name: nameField('first_name').optional(),
  last_name: nameField('last_name').optional(),
  phone_number: phoneField().optional(),
  email: emailField().optional(),
  is_emergency_contact: isEmergencyContact().optional(),
})
  .check(someFieldGiven())
  .meta({
    id: 'UpdateContact',
    description: 'A change of a contact; at least one field.',
    examples: [{ is_emergency_contact: false }],
  });
export type UpdateContact = z.output<typeof UpdateContact>;

/** Somebody who can be asked to look after the person. */
export const ContactView = z
  .object({
    id: z.int(),
    created_at: timeField(),
    updated_at: timeField(),
    first_name: z.string(),
    last_name: z.string(),
    phone_number: z.string(),
    email: z.string(),
    user_id: z.int(),
    is_emergency_contact: z.boolean(),
    consent: z.enum(CONSENT_STATES).meta({
      description:
        'Whether they agreed to be an emergency contact: pending until they were told; one who refused is never texted, and counts as none.',
    }),
    consent_at: timeField().nullable().meta({ description: 'When they were told, or answered.' }),
    refusal: z.enum(REFUSALS).nullable().meta({
      description: 'How they refused: to Kronus, or by STOP to everybody who made them a contact.',
    }),
    reachable: z.boolean().meta({ description: 'False once the phone number turned out not to work.' }),
    last_proven_at: timeField()
      .nullable()
      .meta({ description: 'When this phone last answered a drill; null when it never did.' }),
  })
  .meta({ id: 'Contact', description: 'Somebody who can be asked to look after the person.' });
export type ContactView = z.output<typeof ContactView>;

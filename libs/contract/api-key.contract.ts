import { z } from 'zod';
import {
  body,
  flagField,
  givenTimeField,
  someFieldGiven,
  textField,
  timeField,
  wholeNumberField,
} from './fields.ts';

const labelForm = /^[^\p{Cc}\p{Cs}]{1,100}$/u;
const labelField = () =>
  textField('label')
    .trim()
    .regex(labelForm, 'label must have 1 to 100 characters without control characters');

/** For how long a key that was rotated still works, at most: a week. */
const maxOverlapMinutes = 10_080;

/** A new key; without `expires_at` it is good until it is disabled or deleted. */
export const CreateApiKey = body({
  label: labelField(),
  expires_at: givenTimeField('expires_at').nullable().optional(),
}).meta({
  id: 'CreateApiKey',
  description: 'A new API key.',
  examples: [{ label: 'nightly report' }, { label: 'trial', expires_at: '2027-01-01T00:00:00Z' }],
});
export type CreateApiKey = z.output<typeof CreateApiKey>;

/** A change of a key; at least one field. */
export const UpdateApiKey = body({
  label: labelField().optional(),
  enabled: flagField('enabled').optional(),
  expires_at: givenTimeField('expires_at').nullable().optional(),
})
  .check(someFieldGiven())
  .meta({
    id: 'UpdateApiKey',
    description: 'A change of an API key; admins may only disable those of others.',
    examples: [{ enabled: false }],
  });
export type UpdateApiKey = z.output<typeof UpdateApiKey>;

/** How a key is replaced by a new one. */
export const RotateApiKey = body({
  overlap_minutes: wholeNumberField('overlap_minutes', 0, maxOverlapMinutes).default(60),
  expires_at: givenTimeField('expires_at').nullable().optional(),
})
  .prefault({})
  .meta({
    id: 'RotateApiKey',
    description:
      'How long the old key still works; without `expires_at` the new one lasts as long as the old one was made for.',
    examples: [{ overlap_minutes: 60 }],
  });
export type RotateApiKey = z.output<typeof RotateApiKey>;

const shown = {
  id: z.uuid(),
  label: z.string(),
  prefix: z.string().meta({ description: 'How the key begins.' }),
  enabled: z.boolean(),
  expires_at: timeField().nullable(),
  last_used_at: timeField().nullable().meta({ description: 'To the minute.' }),
  replaced_by: z.uuid().nullable().meta({ description: 'The key that it was rotated to.' }),
  created_at: timeField(),
  updated_at: timeField(),
};
const example = {
  id: '7b0e3f0c-6d4c-4f0e-9a35-1d2f3a4b5c6d',
  label: 'nightly report',
  prefix: 'kro_kZ3vQ9aB',
  enabled: true,
  expires_at: null,
  last_used_at: null,
  replaced_by: null,
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:00.000Z',
};

/** A key as it is shown; never the key itself. */
export const ApiKeyView = z
  .object(shown)
  .meta({ id: 'ApiKey', description: 'An API key, without its secret.', examples: [example] });
export type ApiKeyView = z.output<typeof ApiKeyView>;

/** A key that was just made, the one time that it is shown. */
export const NewApiKeyView = z
  .object({
    ...shown,
    key: z.string().meta({ description: 'The key itself: shown only here, and kept nowhere.' }),
  })
  .meta({
    id: 'NewApiKey',
    description: 'An API key that was just made.',
    examples: [{ ...example, key: `kro_kZ3vQ9aB${'x'.repeat(35)}` }],
  });
export type NewApiKeyView = z.output<typeof NewApiKeyView>;

import { z } from 'zod';
import {
  body,
  emailField,
  nameField,
  overFields,
  passwordField,
  phoneField,
  someFieldGiven,
  timeField,
} from './fields.ts';
import { ProbeSettingsView } from './probe-settings.contract.ts';

/** The rights of an account. */
export const Role = z.enum(['admin', 'user', 'viewer']);
export type Role = z.output<typeof Role>;

/** The numbers of the roles in answers, as in the original. */
export const ROLE_IDS: Record<Role, number> = { admin: 1, user: 2, viewer: 3 };

/** The profile may be left out as a whole, and only beside complete credentials. */
const completeProfile = () => {
  const profile = ['first_name', 'last_name', 'phone_number'];
  const isShortForm = (fields: Record<string, unknown>) =>
    fields.email !== undefined &&
    fields.password !== undefined &&
    profile.every((name) => fields[name] === undefined);
  return profile.map((name) =>
    overFields((fields) => fields[name] !== undefined || isShortForm(fields), `${name} is required`, [name]),
  );
};

/** A new account: the credentials alone, or together with the whole profile. */
export const CreateUser = body({
  first_name: nameField('first_name').optional(),
  last_name: nameField('last_name').optional(),
  phone_number: phoneField().optional(),
  email: emailField(),
  password: passwordField(),
})
  .check(...completeProfile())
  .meta({
    id: 'CreateUser',
    description: 'A new account: e-mail and password alone, or all five fields.',
    examples: [
      {
        first_name: 'tony',
        last_name: 'stark',
        email: 'stark@avengers.com',
        password: 'very-secure',
        phone_number: '+12345678900',
      },
      { email: 'stark@avengers.com', password: 'very-secure' },
    ],
  });
export type CreateUser = z.output<typeof CreateUser>;

/** A change of one's own account; at least one field. */
export const UpdateUser = body({
  first_name: nameField('first_name').optional(),
  last_name: nameField('last_name').optional(),
  phone_number: phoneField().optional(),
  email: emailField().optional(),
  password: passwordField().optional(),
})
  .check(someFieldGiven())
  .meta({
    id: 'UpdateUser',
    description: "A change of one's own account; at least one field.",
    examples: [{ first_name: 'anthony' }],
  });
export type UpdateUser = z.output<typeof UpdateUser>;

/** An account, without its password. */
export const UserView = z
  .object({
    id: z.int(),
    uuid: z.uuid(),
    created_at: timeField(),
    updated_at: timeField(),
    first_name: z.string().nullable(),
    last_name: z.string().nullable(),
    phone_number: z.string().nullable(),
    email: z.string(),
    role_id: z.int().meta({ description: '1 admin, 2 user, 3 viewer.' }),
    role: Role,
    version: z.int().meta({ description: 'Grows with every change.' }),
    probe_settings: ProbeSettingsView,
  })
  .meta({ id: 'User', description: 'An account.' });
export type UserView = z.output<typeof UserView>;

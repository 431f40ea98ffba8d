import { z } from 'zod';
import { NewApiKeyView } from './api-key.contract.ts';
import {
  body,
  emailField,
  entityIdField,
  flagField,
  nameField,
  overFields,
  passwordField,
  phoneField,
  query,
  someFieldGiven,
  timeField,
  versionField,
} from './fields.ts';
import { clientFields, pageFields } from './paging.ts';
import { ProbeSettingsView } from './probe-settings.contract.ts';
import { roleField } from './role.contract.ts';

/** The rights of an account. */
export const Role = roleField();
export type Role = z.output<typeof Role>;

/** The numbers of the roles in answers, as in the original. */
export const ROLE_IDS: Record<Role, number> = { admin: 1, user: 2, viewer: 3 };

/** The profile is given as a whole; it may be left out as a whole where `mayBeLeftOut` says so. */
export const wholeProfile = (mayBeLeftOut: (fields: Record<string, unknown>) => boolean) => {
  const profile = ['first_name', 'last_name', 'phone_number'];
  const isLeftOut = (fields: Record<string, unknown>) =>
    profile.every((name) => fields[name] === undefined) && mayBeLeftOut(fields);
  return profile.map((name) =>
    overFields((fields) => fields[name] !== undefined || isLeftOut(fields), `${name} is required`, [name]),
  );
};

/** Only beside complete credentials, so that everything that is missing is told at once. */
const completeProfile = () =>
  wholeProfile((fields) => fields.email !== undefined && fields.password !== undefined);

const placementFields = {
  role: roleField().optional().meta({ description: 'user or viewer; admin only by the platform admin.' }),
  client_id: entityIdField('client_id').optional().meta({
    description: "The integer id of the client; another than one's own only by the platform admin.",
  }),
};

/** Whether the password is only for the first log-in. */
export const mustChangeField = () =>
  flagField('must_change_password')
    .optional()
    .meta({ description: 'Whether its owner has to set another password first.' });

/** A new account: the credentials alone, or together with the whole profile. */
export const CreateUser = body({
  first_name: nameField('first_name').optional(),
  last_name: nameField('last_name').optional(),
  phone_number: phoneField().optional(),
  email: emailField(),
  password: passwordField(),
  ...placementFields,
  must_change_password: mustChangeField(),
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

/** An account to be created; one without a password can be logged in to once its owner has set one. */
export type NewUser = Omit<CreateUser, 'password'> & { password?: string | undefined };

/** A change of one's own account; at least one field. */
export const UpdateUser = body({
  first_name: nameField('first_name').optional(),
  last_name: nameField('last_name').optional(),
  phone_number: phoneField().optional(),
  email: emailField().optional(),
  password: passwordField().optional(),
  version: versionField().optional(),
})
  .check(someFieldGiven('version'))
  .meta({
    id: 'UpdateUser',
    description: "A change of one's own account; at least one field.",
    examples: [{ first_name: 'anthony' }],
  });
export type UpdateUser = z.output<typeof UpdateUser>;

/** The query of the list of accounts. */
export const UserQuery = query({ ...pageFields, ...clientFields }).meta({
  id: 'UserQuery',
  description: 'Which accounts.',
});
export type UserQuery = z.output<typeof UserQuery>;

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
    level: z.int().meta({ description: 'How far the account reaches in rooms, 0 to 1000.' }),
    client_id: z.int(),
    is_platform_admin: z.boolean(),
    must_change_password: z.boolean().meta({
      description: 'Until its owner has set a password of their own, nothing but that is possible.',
    }),
    enabled: z.boolean().meta({ description: 'A disabled account can not log in and is not checked on.' }),
    version: z.int().meta({ description: 'Grows with every change.' }),
    probe_settings: ProbeSettingsView,
  })
  .meta({ id: 'User', description: 'An account.' });
export type UserView = z.output<typeof UserView>;

/** An account that was just created, with its first API key: the only time that it is shown. */
export const CreatedUserView = UserView.extend({ api_keys: z.array(NewApiKeyView) }).meta({
  id: 'CreatedUser',
  description: 'An account that was just created, with its first API key.',
});
export type CreatedUserView = z.output<typeof CreatedUserView>;

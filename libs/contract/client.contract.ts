import { z } from 'zod';
import {
  body,
  nameField,
  someFieldGiven,
  textField,
  timeField,
  versionField,
  webAddressField,
  wholeNumberField,
} from './fields.ts';

/** A new client. */
export const CreateClient = body({ name: nameField('name') }).meta({
  id: 'CreateClient',
  description: 'A new client (tenant); its name is unique.',
  examples: [{ name: 'avengers' }],
});
export type CreateClient = z.output<typeof CreateClient>;

/** A change of a client; at least one field besides the version. */
export const UpdateClient = body({ name: nameField('name').optional(), version: versionField().optional() })
  .check(someFieldGiven('version'))
  .meta({ id: 'UpdateClient', description: 'A change of a client.', examples: [{ name: 'x-men' }] });
export type UpdateClient = z.output<typeof UpdateClient>;

/** A client, without its settings. */
export const ClientView = z
  .object({
    id: z.int(),
    uuid: z.uuid(),
    name: z.string(),
    version: z.int().meta({ description: 'Grows with every change, of the settings too.' }),
    created_at: timeField(),
    updated_at: timeField(),
  })
  .meta({ id: 'Client', description: 'A client (tenant): everything that a person owns belongs to one.' });
export type ClientView = z.output<typeof ClientView>;

const MOST_TEAMS = 100;
const MOST_MEMBERS = 100;

const listField = <Item extends z.ZodType>(name: string, item: Item, most: number) =>
  z.array(item, `${name} must be a list`).max(most, `${name} must be at most ${most}`);

const nickname = (name: string) => nameField(name).nullable().default(null);

const TeamMember = body(
  {
    name: nameField("a member's name"),
    github_username: nickname('github_username'),
    jira_username: nickname('jira_username'),
    jira_account_id: nickname('jira_account_id'),
  },
  'each of members',
).meta({ id: 'TeamMember', description: 'A person, by the names that the sources know them by.' });

const Team = body(
  {
    name: nameField("a team's name"),
    jira_board_id: wholeNumberField('jira_board_id', 1, 2_147_483_647).nullable().default(null),
    members: listField('members', TeamMember, MOST_MEMBERS).default([]),
  },
  'each of teams',
).meta({ id: 'Team', description: 'A team; one person may be in several.' });

const secretField = (name: string) =>
  textField(name)
    .regex(/^[\x21-\x7e]{1,1000}$/, `${name} must be 1 to 1000 printable characters without white space`)
    .nullable()
    .meta({ description: 'Kept encrypted and never shown; null removes it.', writeOnly: true });

const Brand = body(
  {
    name: nameField("the brand's name").nullable().default(null),
    color: textField('color')
      .trim()
      .toLowerCase()
      .regex(/^#[\da-f]{6}$/, 'color must have the form #1f5fbf')
      .nullable()
      .default(null),
    logo_url: webAddressField('logo_url')
      .refine((address) => address.toLowerCase().startsWith('https:'), 'logo_url must begin with https://')
      .nullable()
      .default(null),
  },
  'brand',
).meta({
  id: 'SetBrand',
  description: 'How the log-in page looks to people of the client; what is left out or null is like Kronus.',
});

/** A change of a client's settings; what is left out stays, teams are replaced as a whole. */
export const UpdateClientSettings = body({
  github_backend_url: webAddressField('github_backend_url').nullable().optional(),
  github_token: secretField('github_token').optional(),
  jira_backend_url: webAddressField('jira_backend_url').nullable().optional(),
  jira_token: secretField('jira_token').optional(),
  teams: listField('teams', Team, MOST_TEAMS).optional(),
  brand: Brand.nullable().optional(),
  version: versionField().optional(),
})
  .check(someFieldGiven('version'))
  .meta({
    id: 'UpdateClientSettings',
    description: "A change of a client's settings; at least one field.",
    examples: [
      {
        github_token: 'ghp_0123456789',
        teams: [{ name: 'avengers', jira_board_id: 7, members: [{ name: 'Tony', github_username: 'tony' }] }],
      },
    ],
  });
export type UpdateClientSettings = z.output<typeof UpdateClientSettings>;

const BrandView = z
  .object({ name: z.string().nullable(), color: z.string().nullable(), logo_url: z.string().nullable() })
  .meta({
    id: 'Brand',
    description: 'How the log-in page looks to people of the client; null: like Kronus.',
  });

const SecretView = z
  .object({ is_set: z.boolean() })
  .meta({ id: 'Secret', description: 'Whether a secret is kept; what it is stays unknown.' });

/** The settings of a client, without its secrets. */
export const ClientSettingsView = z
  .object({
    github_backend_url: z.string().nullable(),
    github_token: SecretView,
    jira_backend_url: z.string().nullable(),
    jira_token: SecretView,
    teams: z.array(Team),
    brand: BrandView,
    version: z.int(),
    updated_at: timeField(),
  })
  .meta({ id: 'ClientSettings', description: 'What the admins of a client set.' });
export type ClientSettingsView = z.output<typeof ClientSettingsView>;

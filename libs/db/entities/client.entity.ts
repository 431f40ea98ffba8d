import { defineEntity, p } from '@mikro-orm/core';

/** A member of a team, by the names that the sources know them by. */
export interface TeamMember {
  name: string;
  github_username: string | null;
  jira_username: string | null;
  jira_account_id: string | null;
}

/** A team of a client; one person may be in several. */
export interface Team {
  name: string;
  jira_board_id: number | null;
  members: TeamMember[];
}

/** How the log-in page looks to people of a client; `color` is `#rrggbb`. */
export interface ClientBrand {
  name: string | null;
  color: string | null;
  logo_url: string | null;
}

/** What a client's admins set, named as the API names it; secrets are kept apart from it. */
export interface ClientSettings {
  github_backend_url?: string | null;
  jira_backend_url?: string | null;
  teams?: Team[];
  brand?: ClientBrand | null;
}

const ClientSchema = defineEntity({
  name: 'Client',
  tableName: 'clients',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid().onCreate(() => crypto.randomUUID()),
    name: p.string(),
    settings: p.json<ClientSettings>().default('{}'),
    timeZone: p.string().nullable(),
    version: p.integer().version(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p.datetime().onCreate(() => new Date()),
  },
});

/** A tenant: everything that a person owns belongs to one. The first is `default`. */
export class Client extends ClientSchema.class {}
ClientSchema.setClass(Client);

/** The client that a single-client installation lives in. */
export const DEFAULT_CLIENT_ID = 1;

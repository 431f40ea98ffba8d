import type { ClientSettingsView, ClientView } from '#libs/contract/client.contract';
import type { Client } from '#libs/db/entities/client.entity';
import type { ClientSecret } from '#libs/db/queries/client-secrets';
import { toTime } from '../http/time.ts';

/** A client as the platform admin sees it. */
export const toClientView = (client: Client): ClientView => ({
  id: client.id,
  uuid: client.uuid,
  name: client.name,
  version: client.version,
  created_at: toTime(client.createdAt),
  updated_at: toTime(client.updatedAt),
});

/** The settings of a client as its admins see them; of secrets only whether they are there. */
export const toClientSettingsView = (client: Client, secrets: Set<ClientSecret>): ClientSettingsView => ({
  github_backend_url: client.settings.github_backend_url ?? null,
  github_token: { is_set: secrets.has('github_token') },
  jira_backend_url: client.settings.jira_backend_url ?? null,
  jira_token: { is_set: secrets.has('jira_token') },
  teams: client.settings.teams ?? [],
  brand: client.settings.brand ?? { name: null, color: null, logo_url: null },
  version: client.version,
  updated_at: toTime(client.updatedAt),
});

import type { EntityManager } from '@mikro-orm/postgresql';

/** The secrets that a client can have. */
export const CLIENT_SECRETS = ['github_token', 'jira_token'] as const;
export type ClientSecret = (typeof CLIENT_SECRETS)[number];

/** Where a secret is kept, which its sealing is bound to. */
export const placeOfSecret = (clientUuid: string, name: ClientSecret) => `client/${clientUuid}/${name}`;

/** The names of the secrets that a client has. */
export async function secretsOf(em: EntityManager, clientId: number): Promise<Set<ClientSecret>> {
  const rows = await em.execute<{ name: ClientSecret }[]>(
    `select name from client_secrets where client_id = ?`,
    [clientId],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Keeps a sealed secret in place of the one before; null removes it. */
export async function keepSecret(
  em: EntityManager,
  { clientId, name, sealed, now }: { clientId: number; name: ClientSecret; sealed: string | null; now: Date },
): Promise<void> {
  if (sealed === null) {
    await em.execute(`delete from client_secrets where client_id = ? and name = ?`, [clientId, name]);
    return;
  }
  await em.execute(
    `insert into client_secrets (client_id, name, sealed, updated_at) values (?, ?, ?, ?)
     on conflict (client_id, name) do update set sealed = excluded.sealed, updated_at = excluded.updated_at`,
    [clientId, name, sealed, now],
  );
}

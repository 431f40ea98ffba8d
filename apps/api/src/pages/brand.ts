import type { EntityManager } from '@mikro-orm/postgresql';
import { Client, DEFAULT_CLIENT_ID } from '#libs/db/entities/client.entity';
import type { HexColor } from '#libs/domain/contrast';

/** Whose look a page has. */
export interface Brand {
  name: string;
  color: HexColor;
  logoUrl: string | null;
}

/** Kronus' own look. */
export const KRONUS_BRAND: Brand = { name: 'Kronus', color: '#1f5fbf', logoUrl: null };

/** The look of a client: what its admins set, its name where they set none, and for the rest Kronus' own. */
export function brandOf({ id, name, settings: { brand } }: Client): Brand {
  return {
    name: brand?.name ?? (id === DEFAULT_CLIENT_ID ? KRONUS_BRAND.name : name),
    color: brand?.color ?? KRONUS_BRAND.color,
    logoUrl: brand?.logo_url ?? null,
  };
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The look of the client with a UUID that a page was asked for with; Kronus' own when it is none. */
export async function brandByHint(em: EntityManager, hint: string | null): Promise<Brand> {
  const client = hint !== null && UUID.test(hint) ? await em.findOne(Client, { uuid: hint }) : null;
  return client ? brandOf(client) : KRONUS_BRAND;
}

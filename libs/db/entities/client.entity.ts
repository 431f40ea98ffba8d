import { defineEntity, p } from '@mikro-orm/core';

const ClientSchema = defineEntity({
  name: 'Client',
  tableName: 'clients',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid().onCreate(() => crypto.randomUUID()),
    name: p.string(),
    settings: p.json<Record<string, unknown>>().default('{}'),
    timeZone: p.string().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
  },
});

/** A tenant: everything that a person owns belongs to one. The first is `default`. */
export class Client extends ClientSchema.class {}
ClientSchema.setClass(Client);

/** The client that a single-client installation lives in. */
export const DEFAULT_CLIENT_ID = 1;

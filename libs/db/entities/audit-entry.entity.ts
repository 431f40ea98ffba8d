import { defineEntity, p } from '@mikro-orm/core';

/** How it ended: `refused` is an act that the caller was not allowed, or a log-in with wrong credentials. */
export type AuditResult = 'done' | 'refused';

const AuditEntrySchema = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_log',
  properties: {
    id: p.bigint('number').primary(),
    at: p.datetime(),
    action: p.string(),
    result: p.string().$type<AuditResult>(),
    actorId: p.integer().nullable(),
    clientId: p.integer().nullable(),
    userId: p.integer().nullable(),
    targetId: p.string().nullable(),
    fields: p.array(),
    address: p.string(),
    requestId: p.string(),
  },
});

/**
 * One act: who (`actorId`) did what (`action`) to whom (`userId`, of the client `clientId`; `targetId` is the id of what
 * of theirs) and from where. Holds ids and the names of the fields that were given, never a value. Never changed.
 */
export class AuditEntry extends AuditEntrySchema.class {}
AuditEntrySchema.setClass(AuditEntry);

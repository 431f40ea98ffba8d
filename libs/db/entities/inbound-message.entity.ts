import { defineEntity, p } from '@mikro-orm/core';

const InboundMessageSchema = defineEntity({
  name: 'InboundMessage',
  tableName: 'inbound_messages',
  properties: {
    id: p.integer().primary(),
    providerSid: p.string(),
    fromNumber: p.string(),
    body: p.text(),
    reply: p.text().nullable(),
    sentAt: p.datetime().nullable(),
    handledAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
  },
});

/** One text that came in, stored once by the provider's id before anything is done about it, later with the answer. */
export class InboundMessage extends InboundMessageSchema.class {}
InboundMessageSchema.setClass(InboundMessage);

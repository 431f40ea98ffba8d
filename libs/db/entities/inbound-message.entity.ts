import { defineEntity, p } from '@mikro-orm/core';
import { Contact } from './contact.entity.ts';
import { Probe } from './probe.entity.ts';

/** What a text did: `null` when it was about nothing that Kronus knows. */
export type TextEffect =
  'settled' | 'kept' | 'all_clear' | 'acknowledged' | 'hinted' | 'opted_out' | 'opted_in';

const InboundMessageSchema = defineEntity({
  name: 'InboundMessage',
  tableName: 'inbound_messages',
  properties: {
    id: p.integer().primary(),
    providerSid: p.string(),
    fromNumber: p.string(),
    body: p.text(),
    optOutType: p.string().nullable(),
    reply: p.text().nullable(),
    probeId: () => p.manyToOne(Probe).mapToPk().joinColumn('probe_id').nullable(),
    contactId: () => p.manyToOne(Contact).mapToPk().joinColumn('contact_id').nullable(),
    effect: p.string().$type<TextEffect>().nullable(),
    sentAt: p.datetime().nullable(),
    handledAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
  },
});

/**
 * One text that came in, stored once by the provider's id before anything is done about it, later with the answer, and
 * with what it did: to which probe, as the text of which contact (null: the person's).
 */
export class InboundMessage extends InboundMessageSchema.class {}
InboundMessageSchema.setClass(InboundMessage);

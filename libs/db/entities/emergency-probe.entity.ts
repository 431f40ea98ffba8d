import { defineEntity, p } from '@mikro-orm/core';
import { Contact } from './contact.entity.ts';
import { Message } from './message.entity.ts';
import { Probe } from './probe.entity.ts';

const EmergencyProbeSchema = defineEntity({
  name: 'EmergencyProbe',
  tableName: 'emergency_probes',
  properties: {
    id: p.integer().primary(),
    probeId: () => p.manyToOne(Probe).mapToPk().joinColumn('probe_id'),
    contactId: () => p.manyToOne(Contact).mapToPk().joinColumn('contact_id').nullable(),
    messageId: () => p.oneToOne(Message).mapToPk().owner().joinColumn('message_id'),
    round: p.integer(),
    acknowledgedAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** One alert of an escalation: which contact was asked about which probe, and whether they took it on. */
export class EmergencyProbe extends EmergencyProbeSchema.class {}
EmergencyProbeSchema.setClass(EmergencyProbe);

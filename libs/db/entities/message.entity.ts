import { defineEntity, p } from '@mikro-orm/core';
import type { DeliveryStatus } from '#libs/domain/delivery';
import { Drill } from './drill.entity.ts';
import { Probe } from './probe.entity.ts';
import { User } from './user.entity.ts';

/** What a message is for; the operators' job list shows it in place of the text. */
export type MessageKind =
  | 'check_in'
  | 'follow_up'
  | 'alert'
  | 'reached_out'
  | 'nobody_reached'
  | 'acknowledged'
  | 'all_clear'
  | 'reply'
  | NoticeKind
  | DrillTextKind;

/**
 * What is said outside of any check: to a contact that they were added, to the person that a contact is lost, and what
 * concerns their password. The database takes the code out of a `password_code` when it is handed over.
 */
export type NoticeKind =
  'consent' | 'contact_refused' | 'contact_unreachable' | 'password_code' | 'password_changed';

/** What is said in a drill: to the person, to a contact, and to the person at its end. */
export type DrillTextKind = 'drill_question' | 'drill_alert' | 'drill_outcome';

const MessageSchema = defineEntity({
  name: 'Message',
  tableName: 'messages',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid().onCreate(() => crypto.randomUUID()),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    probeId: () => p.manyToOne(Probe).mapToPk().joinColumn('probe_id').nullable(),
    drillId: () => p.manyToOne(Drill).mapToPk().joinColumn('drill_id').nullable(),
    kind: p.string().$type<MessageKind>(),
    attemptKey: p.string(),
    toNumber: p.string(),
    body: p.text(),
    status: p.string().$type<DeliveryStatus>().default('queued'),
    statusRank: p.integer().default(0),
    providerSid: p.string().nullable(),
    attempts: p.integer().default(0),
    errorCode: p.integer().nullable(),
    lastError: p.string().nullable(),
    sendingAt: p.datetime().nullable(),
    acceptedAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/**
 * One text to one phone, recorded before it is sent; a notice belongs to no probe. `attemptKey` (probe or drill, step, recipient) is unique, so a step that
 * runs twice finds its row; `uuid` is the public name that rides in the status callback's address.
 */
export class Message extends MessageSchema.class {}
MessageSchema.setClass(Message);

import { defineEntity, p } from '@mikro-orm/core';
import { User } from './user.entity.ts';

/** What an e-mail is for. */
export type MailKind = 'password_code' | 'password_changed';

/** `queued`: still to be sent. `failed`: the address takes no mail. `canceled`: nobody wanted it any more. */
export type MailStatus = 'queued' | 'sent' | 'failed' | 'canceled';

const MailSchema = defineEntity({
  name: 'Mail',
  tableName: 'mails',
  properties: {
    id: p.integer().primary(),
    uuid: p.uuid().onCreate(() => crypto.randomUUID()),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    kind: p.string().$type<MailKind>(),
    attemptKey: p.string(),
    toAddress: p.string(),
    subject: p.string(),
    body: p.text().nullable(),
    status: p.string().$type<MailStatus>().default('queued'),
    attempts: p.integer().default(0),
    lastError: p.string().nullable(),
    wantedUntil: p.datetime(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
});

/**
 * One e-mail to the owner of an account, recorded before it is sent. `attemptKey` is unique, so an occasion is told once;
 * `uuid` is its Message-ID, the same in every attempt. `body` is there while it is `queued` and no longer.
 */
export class Mail extends MailSchema.class {}
MailSchema.setClass(Mail);

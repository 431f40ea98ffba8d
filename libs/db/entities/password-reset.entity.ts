import { defineEntity, p } from '@mikro-orm/core';
import { Message } from './message.entity.ts';

const PasswordResetSchema = defineEntity({
  name: 'PasswordReset',
  tableName: 'password_resets',
  properties: {
    userId: p.integer().primary(),
    codeHash: p.string().hidden(),
    messageId: () => p.manyToOne(Message).mapToPk().joinColumn('message_id').nullable(),
    tries: p.integer().default(0),
    createdAt: p.datetime(),
    expiresAt: p.datetime(),
  },
});

/** The one code by which the owner of an account may set a new password, as its argon2id hash; gone once it was used. */
export class PasswordReset extends PasswordResetSchema.class {}
PasswordResetSchema.setClass(PasswordReset);

import { defineEntity, p } from '@mikro-orm/core';
import { User } from './user.entity.ts';

const ContactSchema = defineEntity({
  name: 'Contact',
  tableName: 'contacts',
  properties: {
    id: p.integer().primary(),
    userId: () => p.manyToOne(User).mapToPk().joinColumn('user_id'),
    firstName: p.string(),
    lastName: p.string(),
    phoneNumber: p.string(),
    email: p.string(),
    isEmergencyContact: p.boolean().default(false),
    lastProvenAt: p.datetime().nullable(),
    createdAt: p.datetime().onCreate(() => new Date()),
    updatedAt: p
      .datetime()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
});

/** Somebody who may be alerted for a person; flagged ones are asked in the order of their ids. */
export class Contact extends ContactSchema.class {}
ContactSchema.setClass(Contact);
